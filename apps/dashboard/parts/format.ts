import type { Days, Figure } from '../figures.ts';

type Format = Figure['format'];

/** Writes figures and days in one language and currency. Days are days of the calendar: no time zone moves them. */
export function createFormats(locale: string | undefined, currency: string) {
  const money = (options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, { style: 'currency', currency, ...options });
  const whole = money({ maximumFractionDigits: 0 });
  const exact = money({});
  const short = money({ notation: 'compact', maximumFractionDigits: 1 });
  const count = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const shortCount = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1, minimumFractionDigits: 1 });
  const change = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const greatChange = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' });
  const points = new Intl.NumberFormat(locale, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const dates = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });
  const day = dates({ dateStyle: 'medium' });
  const month = dates({ month: 'short', year: 'numeric' });
  const instant = (text: string) => new Date(`${text}T00:00:00Z`);

  return {
    /** As exactly as a table needs it. */
    exact: (value: number | null, format: Format): string => {
      if (value === null) return '–';
      if (format === 'money') return exact.format(value);
      return format === 'percent' ? percent.format(value / 100) : count.format(value);
    },
    /** For tiles: cents matter under a thousand. */
    tile: (value: number | null, format: Format): string => {
      if (value === null) return '–';
      if (format === 'money') return (Math.abs(value) < 1000 ? exact : whole).format(value);
      return format === 'percent' ? percent.format(value / 100) : count.format(value);
    },
    /** For axes and bars. */
    short: (value: number | null, format: Format): string => {
      if (value === null) return '–';
      if (format === 'money') return short.format(value);
      return format === 'percent' ? percent.format(value / 100) : shortCount.format(value);
    },
    /** Of a change in percent. */
    change: (value: number | null): string =>
      value === null ? '–' : (Math.abs(value) < 1000 ? change : greatChange).format(value / 100),
    /** Of a difference of percentages. */
    points: (value: number | null): string => (value === null ? '–' : `${points.format(value)} pts`),
    /** The first day of a day, week, month or year, as people call that. */
    time: (text: string, grain: string): string => {
      if (grain === 'year') return text.slice(0, 4);
      return (grain === 'month' || grain === 'quarter' ? month : day).format(instant(text));
    },
    days: ({ start_date, end_date }: Days): string => day.formatRange(instant(start_date), instant(end_date)),
  };
}
export type Formats = ReturnType<typeof createFormats>;

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
