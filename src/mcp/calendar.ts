/** The fiscal year is the calendar year. All figures are UTC. */
export interface Quarter {
  /** For example `2026-Q4`. */
  readonly name: string;
  readonly firstDay: string;
  readonly lastDay: string;
}

export function quarterOf(instant: Date): Quarter {
  return quarter(instant.getUTCFullYear(), Math.floor(instant.getUTCMonth() / 3));
}

export function lastCompleteQuarter(instant: Date): Quarter {
  const index = Math.floor(instant.getUTCMonth() / 3);
  return index === 0 ? quarter(instant.getUTCFullYear() - 1, 3) : quarter(instant.getUTCFullYear(), index - 1);
}

/** These years, their quarters and their months, the newest first and none that has not begun. */
export function periodsIn(years: readonly number[], instant: Date): readonly string[] {
  const newestFirst = [...new Set(years)].sort((a, b) => b - a);
  const each = (count: number) =>
    newestFirst.flatMap((year) => Array.from({ length: count }, (_, i) => [year, count - 1 - i] as const));
  const hasBegun = (year: number, month: number) => Date.UTC(year, month) <= instant.getTime();
  return [
    ...newestFirst.filter((year) => hasBegun(year, 0)).map(String),
    ...each(4)
      .filter(([year, index]) => hasBegun(year, index * 3))
      .map(([year, index]) => quarter(year, index).name),
    ...each(12)
      .filter(([year, month]) => hasBegun(year, month))
      .map(([year, month]) => `${monthName(month)} ${year}`),
  ];
}

const monthName = (month: number) => new Date(Date.UTC(2000, month)).toLocaleString('en', { month: 'long', timeZone: 'UTC' });

export const dayOf = (instant: Date): string => instant.toISOString().slice(0, 10);

/** ISO 8601 to the second, as in `2026-11-22T18:31:51Z`. */
export const secondOf = (instant: Date): string => `${instant.toISOString().slice(0, 19)}Z`;

function quarter(year: number, index: number): Quarter {
  return {
    name: `${year}-Q${index + 1}`,
    firstDay: dayOf(new Date(Date.UTC(year, index * 3, 1))),
    lastDay: dayOf(new Date(Date.UTC(year, index * 3 + 3, 0))),
  };
}
