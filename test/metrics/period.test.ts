import { describe, expect, test } from 'vitest';
import { bucketsOf, comparedPeriod, parsePeriod, raggedEnds, wholeMonths } from '../../src/metrics/period.ts';

/** A Thursday. */
const today = '2026-01-15';
const days = (first: string, last: string) => ({ first, last });

describe('A period by name', () => {
  test.each([
    ['today', '2026-01-15', '2026-01-15'],
    ['yesterday', '2026-01-14', '2026-01-14'],
    ['this_week', '2026-01-12', '2026-01-15'],
    ['last_week', '2026-01-05', '2026-01-11'],
    ['This Month', '2026-01-01', '2026-01-15'],
    ['last_month', '2025-12-01', '2025-12-31'],
    ['this_quarter', '2026-01-01', '2026-01-15'],
    ['last quarter', '2025-10-01', '2025-12-31'],
    ['last_year', '2025-01-01', '2025-12-31'],
    ['this_year', '2026-01-01', '2026-01-15'],
    ['year_to_date', '2026-01-01', '2026-01-15'],
    ['quarter to date', '2026-01-01', '2026-01-15'],
    ['month_to_date', '2026-01-01', '2026-01-15'],
    ['last_30_days', '2025-12-16', '2026-01-14'],
    ['last_1_day', '2026-01-14', '2026-01-14'],
    ['last_2_weeks', '2025-12-29', '2026-01-11'],
    ['last_12_months', '2025-01-01', '2025-12-31'],
    ['last_4_quarters', '2025-01-01', '2025-12-31'],
    ['last_3_years', '2023-01-01', '2025-12-31'],
    ['2025', '2025-01-01', '2025-12-31'],
    ['2025-Q3', '2025-07-01', '2025-09-30'],
    ['2025q1', '2025-01-01', '2025-03-31'],
    ['Q4 2024', '2024-10-01', '2024-12-31'],
    ['2024-02', '2024-02-01', '2024-02-29'],
    ['March 2024', '2024-03-01', '2024-03-31'],
    ['sept 2025', '2025-09-01', '2025-09-30'],
    ['2025-07-31', '2025-07-31', '2025-07-31'],
  ])('%s is %s to %s', (name, first, last) => {
    expect(parsePeriod(name, today)).toEqual(days(first, last));
  });

  test.each([
    '',
    'soon',
    '2025-13',
    '2025-00',
    '2025-02-30',
    '2025-Q5',
    '1850',
    '20255',
    'last_0_days',
    'last_9999_years',
    'last_x_days',
    'ma 2024',
    'marsh 2024',
    'march',
    'constructor',
    '__proto__',
    'toString',
  ])('%j is none', (name) => {
    expect(parsePeriod(name, today)).toBeUndefined();
  });

  test('of the first quarter ends in the year before', () => {
    expect(parsePeriod('last_quarter', '2026-03-31')).toEqual(days('2025-10-01', '2025-12-31'));
    expect(parsePeriod('last_quarter', '2026-04-01')).toEqual(days('2026-01-01', '2026-03-31'));
  });
});

describe('What a period is compared with', () => {
  test.each([
    ['a quarter', '2025-07-01', '2025-09-30', 'previous', undefined, '2025-04-01', '2025-06-30', { months: 3 }],
    ['a month of other length', '2025-03-01', '2025-03-31', 'previous', undefined, '2025-02-01', '2025-02-28', { months: 1 }],
    ['a year by month', '2025-01-01', '2025-12-31', 'previous', 'month', '2024-01-01', '2024-12-31', { months: 12 }],
    ['days', '2025-07-10', '2025-07-19', 'previous', undefined, '2025-06-30', '2025-07-09', { days: 10 }],
    ['a month by day', '2025-03-01', '2025-03-31', 'previous', 'day', '2025-01-29', '2025-02-28', { days: 31 }],
    ['ten days by week', '2025-07-10', '2025-07-19', 'previous', 'week', '2025-06-26', '2025-07-05', { days: 14 }],
    ['a quarter a year ago', '2025-07-01', '2025-09-30', 'same_last_year', undefined, '2024-07-01', '2024-09-30', { months: 12 }],
    [
      'February before a leap day',
      '2025-02-01',
      '2025-02-28',
      'same_last_year',
      'month',
      '2024-02-01',
      '2024-02-29',
      { months: 12 },
    ],
    ['a leap day', '2024-02-29', '2024-02-29', 'same_last_year', 'day', '2023-02-28', '2023-02-28', { months: 12 }],
    ['weeks', '2025-01-06', '2025-01-19', 'same_last_year', 'week', '2024-01-08', '2024-01-21', { days: 364 }],
  ] as const)('for %s', (_name, first, last, comparison, grain, comparedFirst, comparedLast, shift) => {
    expect(comparedPeriod({ first, last }, comparison, grain)).toEqual({ ...days(comparedFirst, comparedLast), shift });
  });
});

describe('Time falls into', () => {
  test.each([
    ['day', '2024-02-28', '2024-03-01', ['2024-02-28', '2024-02-29', '2024-03-01']],
    ['week', '2025-01-01', '2025-01-13', ['2024-12-30', '2025-01-06', '2025-01-13']],
    ['month', '2025-01-31', '2025-03-01', ['2025-01-01', '2025-02-01', '2025-03-01']],
    ['quarter', '2024-12-31', '2025-04-01', ['2024-10-01', '2025-01-01', '2025-04-01']],
    ['year', '2023-06-01', '2025-01-01', ['2023-01-01', '2024-01-01', '2025-01-01']],
  ] as const)('each %s that it touches', (grain, first, last, buckets) => {
    expect(bucketsOf({ first, last }, grain)).toEqual(buckets);
  });

  test.each([
    ['2025-01-01', '2025-12-31', ['2025-01-01', '2025-12-31'], []],
    [
      '2025-01-15',
      '2025-03-10',
      ['2025-02-01', '2025-02-28'],
      [
        ['2025-01-15', '2025-01-31'],
        ['2025-03-01', '2025-03-10'],
      ],
    ],
    ['2025-01-01', '2025-02-10', ['2025-01-01', '2025-01-31'], [['2025-02-01', '2025-02-10']]],
    ['2025-01-31', '2025-02-28', ['2025-02-01', '2025-02-28'], [['2025-01-31', '2025-01-31']]],
  ] as const)('whole months and ends: %s to %s', (first, last, whole, ends) => {
    const found = wholeMonths({ first, last })!;
    expect(found).toEqual(days(whole[0], whole[1]));
    expect(raggedEnds({ first, last }, found)).toEqual(ends.map(([from = '', to = '']) => days(from, to)));
  });

  test('no whole month, where there is none', () => {
    expect(wholeMonths(days('2025-01-02', '2025-02-27'))).toBeUndefined();
    expect(wholeMonths(days('2025-01-01', '2025-01-30'))).toBeUndefined();
  });
});
