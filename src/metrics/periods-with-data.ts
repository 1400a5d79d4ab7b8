import { addDays, type Day, daysBetween, firstOfMonth, lastOfMonth, monthIndex, yearOf } from '../core/day.ts';
import type { Grain, Period } from './period.ts';

/** A period that a person may choose, by a name that the metrics understand. */
export interface OfferedPeriod {
  readonly name: string;
  readonly label: string;
}

const mostYears = 6;
const mostQuarters = 6;

/**
 * The twelve complete months up to the last one with figures: of data that ended, or that has just begun, something is shown all the
 * same, and the answer tells the days.
 */
export function latestMonths({ first, last }: Period, today: Day): Period {
  const newest = last < today ? last : today;
  const end = lastOfMonth(monthIndex(newest)) < today ? monthIndex(newest) : monthIndex(newest) - 1;
  const begin = Math.max(end - 11, monthIndex(first));
  return begin > end
    ? { first: first < newest ? first : newest, last: newest }
    : { first: firstOfMonth(begin), last: lastOfMonth(end) };
}

/** A shop that rests for some days, or has not closed its day yet, still has all of its figures. */
const restDays = 7;

/** Whether the data reaches over all of a period that is not in the future. */
export function isCovered(period: Period, extent: Period | undefined, today: Day): boolean {
  if (extent === undefined) return false;
  const last = period.last < today ? period.last : today;
  return extent.first <= addDays(period.first, restDays) && extent.last >= addDays(last, -restDays);
}

/** Years and quarters that have figures, the latest first. */
export function offeredPeriods({ first, last }: Period): OfferedPeriod[] {
  const years = Array.from({ length: Math.min(mostYears, yearOf(last) - yearOf(first) + 1) }, (_, back) => yearOf(last) - back);
  const newest = Math.floor(monthIndex(last) / 3);
  const count = Math.min(mostQuarters, newest - Math.floor(monthIndex(first) / 3) + 1);
  const quarters = Array.from({ length: count }, (_, back) => newest - back);
  return [
    ...years.map((year) => ({ name: String(year), label: String(year) })),
    ...quarters.map((index) => {
      const [year, quarter] = [Math.floor(index / 4), (index % 4) + 1];
      return { name: `${year}-Q${quarter}`, label: `Q${quarter} ${year}` };
    }),
  ];
}

/** Ten to fifty points make a line. */
export function grainFor({ first, last }: Period): Grain {
  const days = daysBetween(first, last);
  if (days <= 45) return 'day';
  if (days <= 130) return 'week';
  return days <= 1500 ? 'month' : 'year';
}
