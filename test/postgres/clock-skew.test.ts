import { expect, test } from 'vitest';
import { clockSkewSeconds } from '../../src/postgres/clock-skew.ts';

test.each([
  [0, 0],
  [25_000, 25],
  [-12_500, 12.5],
])('a database whose clock differs by %i ms is %d s off, however long it takes to say so', async (aheadMs, seconds) => {
  let now = 1_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const database = {
    query: async () => {
      now += 300;
      const rows = [{ ms: String(now + aheadMs) }];
      now += 300;
      return rows;
    },
  };
  expect(await clockSkewSeconds(database, clock)).toBeCloseTo(seconds);
});
