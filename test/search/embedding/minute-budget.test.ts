import { describe, expect, test } from 'vitest';
import { createMinuteBudget } from '../../../src/search/embedding/minute-budget.ts';
import { handClock } from '../../support/hand-clock.ts';

function budgetOf(perMinute: number) {
  const clock = handClock();
  const waits: number[] = [];
  const budget = createMinuteBudget({
    what: 'tokens',
    perMinute,
    clock,
    sleep: async (ms) => {
      waits.push(ms);
      clock.advance(ms);
    },
  });
  return { clock, waits, budget };
}

describe('a budget for each minute', () => {
  test('gives what there is at once, and then makes wait until it is a minute old', async () => {
    const { budget, clock, waits } = budgetOf(100);
    await budget.take(60, 1e6);
    clock.advance(10_000);
    await budget.take(40, 1e6);
    await budget.take(50, 1e6);
    expect(waits).toEqual([50_000]);
    await budget.take(100, 1e6);
    expect(waits).toEqual([50_000, 60_000]);
  });

  test('never gives more than the amount in any sixty seconds', async () => {
    const { budget, clock } = budgetOf(10);
    const taken: number[] = [];
    for (let index = 0; index < 40; index += 1) {
      await budget.take(1 + (index % 3), 1e9);
      taken.push(clock.monotonic());
    }
    for (const [first, at] of taken.entries()) {
      const window = taken.map((time, index) => (index >= first && time < at + 60_000 ? 1 + (index % 3) : 0));
      expect(window.reduce((sum: number, amount) => sum + amount, 0)).toBeLessThanOrEqual(10);
    }
  });

  test('whoever cannot wait so long is told when to come again', async () => {
    const { budget, waits } = budgetOf(1);
    await budget.take(1, 0);
    await expect(budget.take(1, 1000)).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 60_000 });
    expect(waits).toEqual([]);
  });

  test('what is larger than the whole budget waits for an empty minute, not for ever', async () => {
    const { budget, waits } = budgetOf(10);
    await budget.take(25, 1e6);
    await budget.take(25, 1e6);
    expect(waits).toEqual([60_000]);
  });

  test('sleeps for real where nothing else is given, and wakes with its caller', async () => {
    const budget = createMinuteBudget({ what: 'requests', perMinute: 1, clock: handClock() });
    await budget.take(1, 1e6);
    const caller = new AbortController();
    const waiting = budget.take(1, 1e6, caller.signal);
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
