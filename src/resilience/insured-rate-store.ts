import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import { within } from '../core/within.ts';
import type { RateStore } from './rate-limiter.ts';

export interface InsuredRateStoreOptions {
  readonly shared: RateStore;
  readonly local: RateStore;
  readonly clock: Clock;
  readonly note: Note;
  /** How long a call waits for the shared store. */
  readonly timeoutMs?: number;
  /** How long the shared store is left alone after it failed. */
  readonly pauseMs?: number;
}

/**
 * Limits must not take the service down with them: while the shared store fails, each replica counts for itself, so that
 * together they allow at most as many times the limit as there are replicas.
 */
export function createInsuredRateStore(options: InsuredRateStoreOptions): RateStore {
  const { shared, local, clock, note, timeoutMs = 250, pauseMs = 1000 } = options;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let failing = false;
  return {
    async take(key, bucket) {
      if (clock.monotonic() < pausedUntil) return local.take(key, bucket);
      try {
        const waitMs = await within(timeoutMs, shared.take(key, bucket));
        failing = false;
        return waitMs;
      } catch (error) {
        pausedUntil = clock.monotonic() + pauseMs;
        // Said once an outage, not once a call.
        if (!failing) note({ kind: 'fault_met', where: 'rate limits (each replica counts for itself now)', error });
        failing = true;
        return local.take(key, bucket);
      }
    },
  };
}
