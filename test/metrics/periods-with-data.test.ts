import { expect, test } from 'vitest';
import { grainFor, isCovered, latestMonths, offeredPeriods } from '../../src/metrics/periods-with-data.ts';

const period = (first: string, last: string) => ({ first, last });

test.each([
  ['data that go on', period('2020-01-03', '2026-11-25'), '2026-11-26', period('2025-11-01', '2026-10-31')],
  [
    'data that ended, the last order two days before the year did',
    period('2020-01-03', '2025-12-29'),
    '2026-11-26',
    period('2025-01-01', '2025-12-31'),
  ],
  ['the first of a month', period('2020-01-03', '2026-10-31'), '2026-11-01', period('2025-11-01', '2026-10-31')],
  ['days that are still to come', period('2020-01-03', '2027-06-30'), '2026-11-26', period('2025-11-01', '2026-10-31')],
  ['a shop of four months', period('2026-07-15', '2026-11-25'), '2026-11-26', period('2026-07-01', '2026-10-31')],
  ['a shop of a week', period('2026-11-20', '2026-11-25'), '2026-11-26', period('2026-11-20', '2026-11-25')],
  ['a shop that opens tomorrow', period('2026-11-27', '2026-12-25'), '2026-11-26', period('2026-11-26', '2026-11-26')],
])('the latest months of %s', (_what, extent, today, latest) => {
  expect(latestMonths(extent, today)).toEqual(latest);
});

test.each([
  ['a year of its data', '2025-01-01', '2025-12-31', true],
  ['a period that began when the shop rested', '2019-12-29', '2025-12-31', true],
  ['a period that reaches a month beyond the last figures', '2025-06-01', '2026-01-28', false],
  ['a period from before the first figures', '2019-06-01', '2020-06-30', false],
  ['another time', '2031-01-01', '2031-12-31', false],
])('%s: covered is %s to %s: %s', (_what, first, last, covered) => {
  expect(isCovered(period(first, last), period('2020-01-03', '2025-12-29'), '2026-11-26')).toBe(covered);
});

test('what is still to come of a period is not missed, and nothing covers anything', () => {
  expect(isCovered(period('2026-11-01', '2026-11-30'), period('2020-01-03', '2026-11-25'), '2026-11-26')).toBe(true);
  expect(isCovered(period('2025-01-01', '2025-12-31'), undefined, '2026-11-26')).toBe(false);
});

test('years and quarters with figures are offered, the latest first and not too many', () => {
  expect(offeredPeriods(period('2025-08-02', '2026-02-03')).map(({ name }) => name)).toEqual([
    '2026',
    '2025',
    '2026-Q1',
    '2025-Q4',
    '2025-Q3',
  ]);
  expect(offeredPeriods(period('2001-01-01', '2026-02-03'))).toHaveLength(12);
  expect(offeredPeriods(period('2026-02-03', '2026-02-03')).at(-1)).toEqual({ name: '2026-Q1', label: 'Q1 2026' });
});

test.each([
  [period('2025-01-01', '2025-01-31'), 'day'],
  [period('2025-01-01', '2025-03-31'), 'week'],
  [period('2025-01-01', '2025-12-31'), 'month'],
  [period('2020-01-01', '2025-12-31'), 'year'],
])('a line over %o has a point for each %s', (days, grain) => {
  expect(grainFor(days)).toBe(grain);
});
