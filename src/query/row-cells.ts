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
