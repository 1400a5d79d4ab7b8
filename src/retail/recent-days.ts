import type { Clock } from '../core/clock.ts';
import { addDays, type Day, dayAt } from '../core/day.ts';
import type { RunQuery } from '../query/query-result.ts';
import type { ReportCall } from './known-sku.ts';

/** Both ends counted. */
export interface RecentDays {
  readonly first: Day;
  readonly last: Day;
}

/**
 * The last days of sales: they end with the last day, up to today in UTC, on which the stores in scope sold anything. So a demonstration whose data
 * ended, or a store that closed, is still answered; the answer tells the days.
 */
export async function recentDays(
  days: number,
  { runQuery, clock }: { runQuery: RunQuery; clock: Clock },
  call: ReportCall,
): Promise<RecentDays> {
  const today = dayAt(clock.now());
  const sql = `SELECT max(order_date) FROM retail.sales_by_day WHERE order_date <= DATE '${today}'`;
  const [[latest] = []] = JSON.parse((await runQuery({ ...call, sql })).rowsJson) as (Day | null)[][];
  const last = latest ?? today;
  return { first: addDays(last, 1 - days), last };
}
