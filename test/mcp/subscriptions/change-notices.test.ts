import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createChangeNotices } from '../../../src/mcp/subscriptions/change-notices.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function notices() {
  const told: string[] = [];
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  const made = createChangeNotices({ urisOf: (table) => [`z://${table}`], tell: (uri) => told.push(uri), clock, everyMs: 1000 });
  return { ...made, told };
}

test('a burst of changes is told at its begin and once more when the time is over', () => {
  const { tableChanged, told } = notices();
  for (let n = 0; n < 500; n += 1) tableChanged('a');
  expect(told).toEqual(['z://a']);
  vi.advanceTimersByTime(999);
  expect(told).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['z://a', 'z://a']);
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(2);
});

test('each resource has its own time', () => {
  const { tableChanged, told } = notices();
  tableChanged('a');
  tableChanged('b');
  expect(told).toEqual(['z://a', 'z://b']);
});

test('nothing is told after the end', () => {
  const { tableChanged, told, close } = notices();
  tableChanged('a');
  tableChanged('a');
  close();
  vi.advanceTimersByTime(5000);
  expect(told).toEqual(['z://a']);
});
