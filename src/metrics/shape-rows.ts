import type { Day } from '../core/day.ts';
import type { MetricDefinition } from '../core/metrics-definition.ts';
import type { Cell } from '../query/row-cells.ts';
import type { MetricsRequest } from './request.ts';

export interface Shaping {
  readonly request: Pick<MetricsRequest, 'metrics' | 'compared' | 'groups'>;
  /** Columns before the time: they name a group. */
  readonly labels: number;
  /** Every time of the period, where there is a grain. */
  readonly times: readonly Day[] | undefined;
  /** True where the path of callers' statements stopped early. */
  readonly cut: boolean;
  readonly maxBytes: number;
}

type Row = readonly Cell[];

/** Whole groups only, as many as were asked for and fit, each with every time. */
export function shapeRows(found: readonly Row[], { request, labels, times, cut, maxBytes }: Shaping) {
  if (labels === 0 && cut) return { rows: found, truncated: true };
  const all = times === undefined ? found.map((row) => [row]) : groupsOf(found, labels);
  const whole = cut && times !== undefined ? all.slice(0, -1) : all;
  const wanted = labels === 0 ? whole : whole.slice(0, request.groups);
  const cells = times?.map((time) => JSON.stringify(time));
  const empty = request.metrics.flatMap((metric) => emptyCells(metric, request.compared !== undefined));
  const rows: Row[] = [];
  let bytes = 0;
  let fitting = 0;
  for (const group of wanted) {
    const filled = cells === undefined ? group : fillTimes(group, { labels, times: cells, empty });
    bytes += filled.reduce((sum, row) => sum + Buffer.byteLength(row.join()) + 3, 0);
    if (bytes > maxBytes) break;
    rows.push(...filled);
    fitting += 1;
  }
  return { rows, truncated: cut || fitting < all.length };
}

/** Rows of one group stand together. Without labels there is one group, with or without rows. */
function groupsOf(rows: readonly Row[], labels: number): (readonly Row[])[] {
  if (labels === 0) return [rows];
  const groups: Row[][] = [];
  let name: string | undefined;
  for (const row of rows) {
    const own = row.slice(0, labels).join();
    if (own === name) groups.at(-1)?.push(row);
    else groups.push([row]);
    name = own;
  }
  return groups;
}

interface TimeSeries {
  readonly labels: number;
  readonly times: readonly Cell[];
  /** What stands after a time of which a group has no row. */
  readonly empty: readonly Cell[];
}

/** A row for every time of the period: a month without sales is a fact, and a line that leaves it out lies. */
function fillTimes(group: readonly Row[], { labels, times, empty }: TimeSeries): Row[] {
  const byTime = new Map(group.map((row) => [row[labels], row]));
  const names = group[0]?.slice(0, labels) ?? [];
  return times.map((time) => byTime.get(time) ?? [...names, time, ...empty]);
}

/** Sums of nothing are zero, and nothing can be divided by zero. */
function emptyCells({ expression, decimals }: MetricDefinition, compares: boolean): Cell[] {
  const isRatio = expression.includes('nullif(');
  const none = isRatio ? 'null' : (0).toFixed(decimals);
  return compares ? [none, none, none, 'null'] : [none];
}
