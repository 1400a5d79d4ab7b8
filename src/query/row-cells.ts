import type { QueryResult } from './query-result.ts';

/** One value as JSON text: numbers keep the digits that the database sent. */
export type Cell = string;

const string = '"(?:[^"\\\\]|\\\\.)*"';
const rowForm = new RegExp(`\\[((?:${string}|[^\\]"])*)\\]`, 'g');
const cellForm = new RegExp(`${string}|[^,"]+`, 'g');

/** Cells of rows of scalars, `[[…],[…]]`, without reading any number. */
export function splitRows(rowsJson: string): Cell[][] {
  const inside = rowsJson.slice(1, -1);
  return [...inside.matchAll(rowForm)].map(([, row = '']) => row.match(cellForm) ?? []);
}

export const joinRows = (rows: readonly (readonly Cell[])[]): string => `[${rows.map((row) => `[${row.join(',')}]`).join(',')}]`;

/** A result of which one row more than `most` was asked for, so that `truncated` is a fact. */
export function withoutExtraRow(result: QueryResult, most: number): QueryResult {
  if (result.rowCount <= most) return result;
  return { ...result, rowsJson: joinRows(splitRows(result.rowsJson).slice(0, most)), rowCount: most, truncated: true };
}
