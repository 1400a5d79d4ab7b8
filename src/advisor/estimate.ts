import type { Candidate } from './candidate.ts';
import type { ColumnSample } from './read-samples.ts';
import { isAggregated } from './statement-shape.ts';
import type { Workpiece } from './workpieces.ts';

/** Shares of rows that PostgreSQL, too, supposes where it knows nothing: https://doxygen.postgresql.org/selfuncs_8h_source.html */
const rangeShare = 0.05;
const patternShare = 0.005;
/** A visit to a row by an index, in the planner's units: `random_page_cost`. */
const visit = 4;

/** What a statement might cost with an index that cannot be tried: hypopg is not there, or knows no index of that kind. */
export function estimateCost(
  candidate: Candidate,
  { uses, cost, statement }: Workpiece,
  sampleOf: (column: string) => ColumnSample | undefined,
): number {
  const use = uses.find(
    ({ table, conditions }) => table === candidate.table && conditions.some(({ column }) => mentions(candidate, column)),
  );
  if (use === undefined || candidate.include.length > 0) return cost;
  let rows = candidate.table.rows;
  for (const { text, expression } of candidate.keys) {
    const condition = use.conditions.find(({ column, around }) =>
      expression ? around?.sql === text : column === text && around === undefined,
    );
    const tenant = !expression && use.tenantColumns.includes(text);
    if (candidate.method === 'gin') rows *= patternShare;
    else if (tenant || condition?.kind === 'equal') rows /= sampleOf(condition?.column ?? text)?.distinct ?? 1;
    else {
      if (condition?.kind === 'range') rows *= rangeShare;
      break;
    }
  }
  const returned = statement.rows / statement.calls;
  // What comes back tells more than any supposition
  if (!use.limited && !isAggregated(use.level)) rows = Math.max(rows, returned);
  const sorted = use.limited && use.order.length > 0 && candidate.keys.some(({ text }) => text === use.order[0]?.column);
  // In order, and yet most rows that are met may be others than those that are asked for
  const unchecked = use.conditions.filter(
    ({ kind, column, around }) =>
      kind === 'equal' && !around && !mentions(candidate, column) && !candidate.predicate?.includes(column),
  );
  const met = unchecked.reduce((count, { column }) => count * (sampleOf(column)?.distinct ?? 1), returned + 1);
  return Math.min(cost, visit * (sorted ? Math.min(rows, met) : rows) + visit);
}

const mentions = ({ keys }: Candidate, column: string) =>
  keys.some(({ text, expression }) => (expression ? text.includes(column) : text === column));
