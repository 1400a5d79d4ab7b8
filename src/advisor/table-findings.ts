import type { Candidate } from './candidate.ts';
import { isSmall } from './candidates.ts';
import { columnOf, type ForeignKey, nameOf, type Table } from './catalogue.ts';

export interface StatisticsFinding {
  readonly table: string;
  readonly why: string;
  /** What --apply runs. */
  readonly remedy: string;
}

/** Rows that may change before a plan goes wrong: as autovacuum has it, doubled, so that it gets the chance to act first. */
const changedShare = 0.2;
const changedRows = 1000;

/** Tables whose statistics no longer tell what is in them. */
export function judgeStatistics(table: Table): StatisticsFinding | undefined {
  const about = { table: nameOf(table), remedy: `ANALYZE ${nameOf(table)};` };
  if (table.partitioned) return undefined;
  if (!table.analysed) {
    const rows = Math.round(table.rows);
    return rows < changedRows ? undefined : { ...about, why: `never analysed, with about ${rows} rows: the planner guesses` };
  }
  const changed = table.modifiedSinceAnalyse;
  // A session that loads a table and analyses it at once counts its rows after the analysis has seen them: new rows take room.
  const grew = table.pages > 1.1 * table.pagesThen + 2;
  if (table.analyseTold && table.writes.updated + table.writes.deleted === 0 && !grew) return undefined;
  if (changed < changedRows || changed < changedShare * Math.max(1, table.rows)) return undefined;
  return { ...about, why: `${changed} rows changed since it was analysed with ${Math.round(table.rows)} rows` };
}

/** The foreign keys by which a deletion in the referenced table has to read this whole one. */
export function unindexedForeignKeys(table: Table): { readonly key: ForeignKey; readonly candidate: Candidate }[] {
  if (isSmall(table)) return [];
  return table.foreignKeys
    .filter(
      ({ columns }) =>
        !table.indexes.some((index) => index.valid && index.predicate === undefined && begins(columns, index.keys.map(columnOf))),
    )
    .map((key) => {
      const keys = key.columns.map((text) => ({ text, expression: false, options: '' }));
      return { key, candidate: { table, method: 'btree' as const, keys, include: [] } };
    });
}

const begins = (columns: readonly string[], keys: readonly (string | undefined)[]) => {
  const first = new Set(keys.slice(0, columns.length));
  return columns.every((column) => first.has(column));
};
