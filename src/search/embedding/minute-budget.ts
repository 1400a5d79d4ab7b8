import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';

export interface MinuteBudgetOptions {
  /** What is rationed, for the error, for example `tokens`. */
  readonly what: string;
  readonly perMinute: number;
  readonly clock: Clock;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

const minuteMs = 60_000;

/** At most so much in any sixty seconds (a sliding window, not one per calendar minute). Whoever comes too early waits, if there is time. */
export function createMinuteBudget({ what, perMinute, clock, sleep = sleepUntilAborted }: MinuteBudgetOptions) {
  let spent: { at: number; amount: number }[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  const waitFor = (amount: number): number => {
    const now = clock.monotonic();
    spent = spent.filter(({ at }) => now - at < minuteMs);
    let total = spent.reduce((sum, entry) => sum + entry.amount, 0) + amount;
    for (const { at, amount: freed } of spent) {
      if (total <= perMinute) break;
      total -= freed;
      if (total <= perMinute) return minuteMs - (now - at);
    }
    return total <= perMinute || spent.length === 0 ? 0 : minuteMs - (now - (spent.at(-1)?.at ?? now));
  };
  const take = async (amount: number, mostMs: number, signal: AbortSignal | undefined) => {
    const end = clock.monotonic() + mostMs;
    for (;;) {
      signal?.throwIfAborted();
      const waitMs = waitFor(amount);
      if (waitMs === 0) {
        spent.push({ at: clock.monotonic(), amount });
        return;
      }
      if (clock.monotonic() + waitMs > end) {
        throw new AppError('rate_limited', `The embedding service's ${what} of this minute are used up`, {
          retryAfterMs: waitMs,
        });
      }
      await sleep(waitMs, signal);
    }
  };

  return {
    /** Waits until `amount` fits, at most `mostMs`; in the order of asking. */
    take(amount: number, mostMs: number, signal?: AbortSignal): Promise<void> {
      const mine = turn.then(() => take(amount, mostMs, signal));
      turn = mine.catch(() => {});
      return mine;
    },
  };
}

const sleepUntilAborted = (ms: number, signal?: AbortSignal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal });
