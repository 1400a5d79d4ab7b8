import fc from 'fast-check';
import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { createLatencies, median, percentile } from '../../bench/load/percentiles.mjs';

test('percentiles are nearest ranks', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([50, 95, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 95, 99, 100]);
  expect(percentile([7], 1)).toBe(7);
  expect(percentile([], 50)).toBeNaN();
  expect(median([30, 1, 2])).toBe(2);
});

test('whatever the latencies: as many as were added, and percentiles that rise among them', () => {
  const some = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9000 });
  fc.assert(
    fc.property(some, (values) => {
      const latencies = createLatencies();
      for (const value of values) latencies.add(value);
      const { count, p50, p95, p99 } = latencies.summary();
      expect(count).toBe(values.length);
      expect(p50).toBeLessThanOrEqual(p95);
      expect(p95).toBeLessThanOrEqual(p99);
      expect(values.filter((value) => value <= p95).length).toBeGreaterThanOrEqual(values.length * 0.95);
      expect(values).toContain(p99);
    }),
    { numRuns: 30 },
  );
});

test('without a single latency there are no percentiles', () => {
  expect(createLatencies().summary()).toEqual({ count: 0, p50: null, p95: null, p99: null });
});
