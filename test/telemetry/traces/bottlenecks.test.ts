import { expect, test } from 'vitest';
import { bottlenecks } from '../../../src/telemetry/traces/bottlenecks.ts';

const fine = { meanSeconds: 0.1, requests: 100, errors: 5, memoryGrowthBytes: 100 * 1024 * 1024 };

test('a server that does well has none', () => {
  expect(bottlenecks(fine)).toEqual([]);
  expect(bottlenecks({ ...fine, meanSeconds: undefined, requests: 0, errors: 9 })).toEqual([]);
});

test.each([
  ['slow calls', { meanSeconds: 2.1 }, /^calls take 2.1 s on average/],
  ['errors', { errors: 6 }, /^6 % of the requests end in errors/],
  ['growth', { memoryGrowthBytes: 101 * 1024 * 1024 }, /^the process has grown by 101 MiB/],
])('%s are told with where to look', (_what, change, hint) => {
  expect(bottlenecks({ ...fine, ...change })).toEqual([expect.stringMatching(hint)]);
});
