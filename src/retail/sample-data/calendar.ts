/** First and last day that the reference data has year weights for. */
export const FIRST_DAY = '2020-01-01';
export const LAST_DAY = '2026-12-31';
const FIRST_YEAR = 2020;
const LAST_YEAR = 2026;
const DAY_MS = 86_400_000;
const EPOCH_MS = Date.UTC(FIRST_YEAR, 0, 1);

/** A calendar month as far as the sample data covers it. */
export interface SalesMonth {
  readonly year: number;
  /** 0 = January. */
  readonly month: number;
  /** Days since 2020-01-01 of the month's first day. */
  readonly firstDay: number;
  readonly daysInMonth: number;
  /** Fewer than `daysInMonth` only in the last month. */
  readonly daysInRange: number;
}

/** YYYY-MM-DD of a day that exists. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
}

/** Days since 2020-01-01. */
export function dayNumber(date: string): number {
  return (Date.parse(`${date}T00:00:00Z`) - EPOCH_MS) / DAY_MS;
}

/** The months from 2020-01 up to the end date, oldest first. */
export function salesMonths(endDate: string): SalesMonth[] {
  const lastDay = dayNumber(endDate);
  const months: SalesMonth[] = [];
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year += 1) {
    for (let month = 0; month < 12; month += 1) {
      const firstDay = (Date.UTC(year, month, 1) - EPOCH_MS) / DAY_MS;
      const daysInMonth = (Date.UTC(year, month + 1, 1) - Date.UTC(year, month, 1)) / DAY_MS;
      if (firstDay <= lastDay) {
        months.push({ year, month, firstDay, daysInMonth, daysInRange: Math.min(daysInMonth, lastDay - firstDay + 1) });
      }
    }
  }
  return months;
}

/** `dates[day]` is the YYYY-MM-DD of a day number; covers 2020-01-01 up to the end date. */
export function dateTexts(endDate: string): string[] {
  return Array.from({ length: dayNumber(endDate) + 1 }, (_, day) => new Date(EPOCH_MS + day * DAY_MS).toISOString().slice(0, 10));
}
