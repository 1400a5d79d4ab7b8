import { expect, test } from 'vitest';
import { dateTexts, dayNumber, isDate, salesMonths } from '../../../src/retail/sample-data/calendar.ts';

test('a whole range has all months with all of their days', () => {
  const months = salesMonths('2026-12-31');
  expect(months).toHaveLength(84);
  expect(months.every((month) => month.daysInRange === month.daysInMonth)).toBe(true);
  expect(months[1]).toEqual({ year: 2020, month: 1, firstDay: 31, daysInMonth: 29, daysInRange: 29 });
});

test('a range that ends within a month has only the first days of it', () => {
  expect(salesMonths('2021-02-10').at(-1)).toEqual({ year: 2021, month: 1, firstDay: 397, daysInMonth: 28, daysInRange: 10 });
});

test('day numbers and dates are inverse', () => {
  const dates = dateTexts('2020-03-01');
  expect(dates[0]).toBe('2020-01-01');
  expect(dates.at(-1)).toBe('2020-03-01');
  expect(dates.map(dayNumber)).toEqual(dates.map((_, day) => day));
});

test.each([
  ['2024-02-29', true],
  ['2023-02-29', false],
  ['2023-13-01', false],
  ['2023-1-1', false],
  ['yesterday', false],
])('%s is a date: %s', (text, expected) => {
  expect(isDate(text)).toBe(expected);
});
