import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { within } from '../../src/core/within.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<string>(() => {});

test('what comes in time is handed on, and no timer is left', async () => {
  expect(await within(100, Promise.resolve('good'))).toBe('good');
  await expect(within(100, Promise.reject(new Error('bad')))).rejects.toThrow('bad');
  expect(vi.getTimerCount()).toBe(0);
});

test('what does not come in time is an error that says so, or the one that was asked for', async () => {
  const late = Promise.all([
    expect(within(100, never)).rejects.toThrow('no answer within 100 ms'),
    expect(within(100, never, () => new TypeError('silent'))).rejects.toThrow(TypeError),
  ]);
  await vi.advanceTimersByTimeAsync(100);
  await late;
});
