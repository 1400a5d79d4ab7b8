import type { SalesMonth } from './calendar.ts';
import { at } from './columns.ts';
import type { Category, ReferenceData } from './reference-data.ts';

/** Z(m): the sum of all categories' factors of a month (0 = January), in tenths. */
export function seasonTotal(categories: readonly Category[], month: number): number {
  return categories.reduce((sum, category) => sum + at(category.seasonTenths, month), 0);
}

/**
 * Relative volume of every month: year weight × Z(m) × the share of its days that lies in the range. Integers.
 * With Z(m) in it, each category's busiest month is the month of its highest factor.
 */
export function monthWeights({ categories, yearWeights }: ReferenceData, months: readonly SalesMonth[]): number[] {
  return months.map((month) => at(yearWeights, month.year) * seasonTotal(categories, month.month) * rangeShare(month, months));
}

/** Share of the month's days in the range, in parts of the last month's length: only that month can be partial. */
export function rangeShare(month: SalesMonth, months: readonly SalesMonth[]): number {
  const last = at(months, months.length - 1);
  return month === last ? month.daysInRange : last.daysInMonth;
}
