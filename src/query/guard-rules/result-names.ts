import type { Place, Resolution } from './resolution.ts';
import { findBareAt, type Level, rejectMistakable } from './scope.ts';
import { as, listOf } from './tree.ts';

/** What a SELECT gives, as ORDER BY, GROUP BY and DISTINCT ON may name it. */
export interface ResultNames {
  readonly columns: readonly string[];
  /** Those that stand in the statement: PostgreSQL makes up the others, and where it makes up another the name means something else. */
  readonly written: ReadonlySet<unknown>;
}

/** Names of columns by AS and of plain columns. A star gives other names, and has none itself even where AS is written. */
export function writtenNames(targets: readonly unknown[]): ReadonlySet<unknown> {
  const named = targets.map((node) => as('ResTarget', node)).filter((target) => !isStar(target?.val));
  return new Set(named.map((target) => target?.name ?? as('String', listOf(as('ColumnRef', target?.val)?.fields).at(-1))?.sval));
}

/** `t.*` or `(t).*` */
export function isStar(node: unknown): boolean {
  const parts = as('ColumnRef', node)?.fields ?? as('A_Indirection', node)?.indirection;
  return as('A_Star', listOf(parts).at(-1)) !== undefined;
}

/** GROUP BY: a column of FROM comes first, then a column of the result, then the SELECTs around. */
export function groupBy(
  items: readonly unknown[],
  result: ResultNames,
  place: Place,
  level: Level,
  resolution: Resolution,
): void {
  for (const item of items) {
    const set = as('GroupingSet', item);
    const row = as('RowExpr', item);
    const name = bareName(item);
    if (set !== undefined) groupBy(listOf(set.content), result, place, level, resolution);
    // ROW(a, b) is an expression, (a, b) a list
    else if (row?.row_format === 'COERCE_IMPLICIT_CAST') groupBy(listOf(row.args), result, place, level, resolution);
    else if (name !== undefined && findBareAt(name, level, undefined) === undefined)
      outputOrExpression(item, result, place, resolution);
    else resolution.expression(item, place);
  }
}

/** ORDER BY and DISTINCT ON: a bare name means a column of the result if there is one. */
export function outputOrExpression(item: unknown, result: ResultNames, place: Place, resolution: Resolution): void {
  const name = bareName(item);
  if (name === undefined || !result.columns.includes(name)) {
    resolution.expression(item, place);
    return;
  }
  resolution.names += 1;
  if (!result.written.has(name)) rejectMistakable(name, { columns: place.level, rows: place.level }, undefined);
}

export function bareName(node: unknown): string | undefined {
  const fields = listOf(as('ColumnRef', node)?.fields);
  const name = fields.length === 1 ? as('String', fields[0])?.sval : undefined;
  return typeof name === 'string' ? name : undefined;
}
