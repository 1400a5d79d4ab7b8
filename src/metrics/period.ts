import {
  addDays,
  addMonths,
  type Day,
  daysBetween,
  firstOfMonth,
  isDay,
  lastOfMonth,
  mondayOf,
  monthIndex,
} from '../core/day.ts';

/** Both days belong to it. */
export interface Period {
  readonly first: Day;
  readonly last: Day;
}

export const grains = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Grain = (typeof grains)[number];

export const comparisons = ['previous', 'same_last_year'] as const;
export type Comparison = (typeof comparisons)[number];

/** As far back as periods go. */
const firstYear = 1900;

const monthsOf: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 };

/** What may be written, for messages. */
export const periodForms =
  'today, yesterday, this_ or last_ week, month, quarter or year, last_30_days, last_12_months, last_4_quarters, year_to_date, all, 2025, 2025-Q3, 2025-07, 2025-07-31';

/**
 * A named period; undefined when nobody calls one so. `last_…` is complete and before today's, `last_30_days` ends yesterday; `this_…` and
 * `…_to_date` end today. Weeks begin on Monday, the fiscal year is the calendar year.
 */
export function parsePeriod(text: string, today: Day): Period | undefined {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '_');
  return fixedPeriod(name) ?? relativePeriod(name, today);
}

function fixedPeriod(name: string): Period | undefined {
  if (isDay(name)) return { first: name, last: name };
  const quarter = /^((?:19|20|21)\d\d)[-_]?q([1-4])$/.exec(name) ?? reversed(/^q([1-4])[-_]?((?:19|20|21)\d\d)$/.exec(name));
  if (quarter !== undefined) return months(Number(quarter[1]) * 12 + (Number(quarter[2]) - 1) * 3, 3);
  const month = /^((?:19|20|21)\d\d)-(0[1-9]|1[0-2])$/.exec(name);
  if (month !== null) return months(Number(month[1]) * 12 + Number(month[2]) - 1, 1);
  const named = monthNamed(name);
  if (named !== undefined) return named;
  return /^(19|20|21)\d\d$/.test(name) ? months(Number(name) * 12, 12) : undefined;
}

const monthNames = 'january february march april may june july august september october november december'.split(' ');

/** `march_2024`, or shortened to three letters and more: no two months begin alike. */
function monthNamed(name: string): Period | undefined {
  const [, word = '', year] = /^([a-z]{3,9})_((?:19|20|21)\d\d)$/.exec(name) ?? [];
  const month = year === undefined ? -1 : monthNames.findIndex((full) => full.startsWith(word));
  return month < 0 ? undefined : months(Number(year) * 12 + month, 1);
}

const reversed = (found: RegExpExecArray | null) => (found === null ? undefined : ['', found[2], found[1]]);

const months = (index: number, count: number): Period => ({ first: firstOfMonth(index), last: lastOfMonth(index + count - 1) });

function relativePeriod(name: string, today: Day): Period | undefined {
  if (name === 'today') return { first: today, last: today };
  if (name === 'yesterday') return lastDays(1, today);
  const [, begun, toDate] = /^(?:this_(week|month|quarter|year)|(week|month|quarter|year)_to_date)$/.exec(name) ?? [];
  const current = begun ?? toDate;
  if (current !== undefined) return { first: bucketOf(today, current as Grain), last: today };
  const [, count, unit] = /^last_(?:(\d{1,4})_)?(day|week|month|quarter|year)s?$/.exec(name) ?? [];
  return unit === undefined ? undefined : lastComplete(count === undefined ? 1 : Number(count), unit, today);
}

const lastDays = (count: number, today: Day): Period => ({ first: addDays(today, -count), last: addDays(today, -1) });

function lastComplete(count: number, unit: string, today: Day): Period | undefined {
  const begun = bucketOf(today, unit as Grain);
  const last = addDays(begun, -1);
  if (unit === 'day' || unit === 'week')
    return count < 1 ? undefined : { first: addDays(begun, -count * (unit === 'week' ? 7 : 1)), last };
  const months = count * (monthsOf[unit] ?? 1);
  return count < 1 || monthIndex(begun) - months < firstYear * 12 ? undefined : { first: addMonths(begun, -months), last };
}

/** First day of the day's week, month, quarter or year. */
export function bucketOf(day: Day, grain: Grain): Day {
  if (grain === 'day') return day;
  if (grain === 'week') return mondayOf(day);
  const length = monthsOf[grain] ?? 1;
  return firstOfMonth(monthIndex(day) - (monthIndex(day) % length));
}

/** The first days of all of them that a period touches, in order. */
export function bucketsOf({ first, last }: Period, grain: Grain): Day[] {
  const buckets: Day[] = [];
  for (let bucket = bucketOf(first, grain); bucket <= last; ) {
    buckets.push(bucket);
    bucket =
      grain === 'day' ? addDays(bucket, 1) : grain === 'week' ? addDays(bucket, 7) : addMonths(bucket, monthsOf[grain] ?? 1);
  }
  return buckets;
}

/** How far what a period is compared with lies before it. */
export type Shift = { readonly days: number } | { readonly months: number };

export interface ComparedPeriod extends Period {
  readonly shift: Shift;
}

/**
 * The period to compare with. `previous`: as many months before when the period is made of whole ones, else as many days.
 * `same_last_year`: the same dates, or 52 weeks before where weeks are told apart, so that weekdays meet.
 */
export function comparedPeriod(period: Period, comparison: Comparison, grain: Grain | undefined): ComparedPeriod {
  const byDays = grain === 'day' || grain === 'week';
  const whole = wholeMonths(period);
  const isWhole = whole !== undefined && whole.first === period.first && whole.last === period.last;
  const count = isWhole ? monthIndex(period.last) - monthIndex(period.first) + 1 : 0;
  if (comparison === 'same_last_year')
    return grain === 'week' ? back(period, { days: 364 }) : back(period, { months: 12 }, isWhole);
  if (count > 0 && !byDays) return back(period, { months: count }, true);
  const days = daysBetween(period.first, period.last);
  return back(period, { days: grain === 'week' ? Math.ceil(days / 7) * 7 : days });
}

function back({ first, last }: Period, shift: Shift, isWhole = false): ComparedPeriod {
  if ('days' in shift) return { first: addDays(first, -shift.days), last: addDays(last, -shift.days), shift };
  const end = isWhole ? lastOfMonth(monthIndex(last) - shift.months) : addMonths(last, -shift.months);
  return { first: addMonths(first, -shift.months), last: end, shift };
}

/** The whole months inside a period; undefined when there is none. */
export function wholeMonths({ first, last }: Period): Period | undefined {
  const from = first.endsWith('-01') ? monthIndex(first) : monthIndex(first) + 1;
  const to = last === lastOfMonth(monthIndex(last)) ? monthIndex(last) : monthIndex(last) - 1;
  return from > to ? undefined : months(from, to - from + 1);
}

/** Days of a period before and after the whole months inside it. */
export function raggedEnds({ first, last }: Period, whole: Period): Period[] {
  const before = { first, last: addDays(whole.first, -1) };
  const after = { first: addDays(whole.last, 1), last };
  return [before, after].filter((end) => end.first <= end.last);
}
