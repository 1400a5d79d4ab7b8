import { expect, test } from 'vitest';
import { parseSampleDataOptions } from '../../../src/retail/sample-data/options.ts';

test('without options the sample data has 2,000 customers up to the end of 2025', () => {
  expect(parseSampleDataOptions({})).toEqual({ scale: 2000, seed: 20250721, endDate: '2025-12-31' });
});

test.each(['2020-01-31', '2026-12-31'])('the end date may be %s', (endDate) => {
  expect(parseSampleDataOptions({ endDate }).endDate).toBe(endDate);
});

test.each([
  { endDate: '2020-01-30' },
  { endDate: '2027-01-01' },
  { endDate: '2025-02-30' },
  { endDate: "2025-01-01'--" },
  { scale: 0 },
  { scale: 1.5 },
  { scale: 1_000_001 },
  { scale: Number.NaN },
  { seed: -1 },
  { seed: 2 ** 53 },
])('refuses %j as invalid input that names the value', (given) => {
  const value = String(Object.values(given)[0]);
  expect(() => parseSampleDataOptions(given)).toThrow(
    expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining(value) }),
  );
});
