/** A day of the calendar as `YYYY-MM-DD`: compares as text, knows no time zone. */
export type Day = string;

const millisecondsOfDay = 86_400_000;

const instantOf = (day: Day): number => Date.parse(`${day}T00:00:00Z`);
export const dayAt = (instant: number): Day => new Date(instant).toISOString().slice(0, 10);

export const addDays = (day: Day, days: number): Day => dayAt(instantOf(day) + days * millisecondsOfDay);

/** Days from the first to the last, both counted. */
export const daysBetween = (first: Day, last: Day): number => (instantOf(last) - instantOf(first)) / millisecondsOfDay + 1;

export const yearOf = (day: Day): number => Number(day.slice(0, 4));
export const monthOf = (day: Day): number => Number(day.slice(5, 7));

/** Months since the year 0. */
export const monthIndex = (day: Day): number => yearOf(day) * 12 + monthOf(day) - 1;
export const firstOfMonth = (index: number): Day => `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01`;
export const lastOfMonth = (index: number): Day => addDays(firstOfMonth(index + 1), -1);

/** The same day some months on, or the last one of a shorter month, as PostgreSQL adds an interval of months. */
export function addMonths(day: Day, months: number): Day {
  const index = monthIndex(day) + months;
  const last = lastOfMonth(index);
  const same = `${last.slice(0, 8)}${day.slice(8)}`;
  return same > last ? last : same;
}

/** Monday of the day's week, as ISO 8601 counts weeks. */
export const mondayOf = (day: Day): Day => addDays(day, -((new Date(instantOf(day)).getUTCDay() + 6) % 7));

/** True for a day that exists, between the years 1900 and 2199. */
export function isDay(text: string): boolean {
  if (!/^(19|20|21)\d\d-\d\d-\d\d$/.test(text)) return false;
  const instant = instantOf(text);
  return !Number.isNaN(instant) && dayAt(instant) === text;
}
