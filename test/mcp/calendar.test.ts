import { expect, test } from 'vitest';
import { lastCompleteQuarter, periodsIn, quarterOf, secondOf } from '../../src/mcp/calendar.ts';

test.each([
  ['2026-01-01T00:00:00Z', '2026-Q1', '2025-Q4'],
  ['2026-03-31T23:59:59Z', '2026-Q1', '2025-Q4'],
  ['2026-04-01T00:00:00Z', '2026-Q2', '2026-Q1'],
  ['2026-12-31T23:59:59Z', '2026-Q4', '2026-Q3'],
])('at %s it is %s, and the last complete quarter was %s', (instant, current, last) => {
  expect(quarterOf(new Date(instant)).name).toBe(current);
  expect(lastCompleteQuarter(new Date(instant)).name).toBe(last);
});

test('a quarter names its first and last day', () => {
  expect(quarterOf(new Date('2024-02-29T12:00:00Z'))).toEqual({ name: '2024-Q1', firstDay: '2024-01-01', lastDay: '2024-03-31' });
});

test('times are told to the second', () => {
  expect(secondOf(new Date('2026-11-22T18:31:51.999Z'))).toBe('2026-11-22T18:31:51Z');
});

test('periods of years end with the one that has begun', () => {
  const periods = periodsIn([2025, 2026, 2025], new Date('2026-05-02T00:00:00Z'));
  expect(periods.slice(0, 8)).toEqual(['2026', '2025', '2026-Q2', '2026-Q1', '2025-Q4', '2025-Q3', '2025-Q2', '2025-Q1']);
  expect(periods.slice(8, 14)).toEqual([
    'May 2026',
    'April 2026',
    'March 2026',
    'February 2026',
    'January 2026',
    'December 2025',
  ]);
  expect(periods).toHaveLength(2 + 6 + 17);
  expect(periodsIn([], new Date())).toEqual([]);
});
