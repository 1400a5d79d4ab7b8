import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { type RateStore, takeToken } from './rate-limiter.ts';

export interface MemoryRateStoreOptions {
  readonly clock: Clock;
  /** The least recently used bucket beyond this is forgotten, which means full. */
  readonly maxBuckets?: number;
}

/** Buckets of this process alone. */
export function createMemoryRateStore({ clock, maxBuckets = 50_000 }: MemoryRateStoreOptions): RateStore {
  const buckets = new LRUCache<string, number>({ max: maxBuckets });
  return {
    async take(key, bucket) {
      const { waitMs, fullAt } = takeToken(buckets.get(key) ?? Number.NEGATIVE_INFINITY, clock.monotonic(), bucket);
      buckets.set(key, fullAt);
      return waitMs;
    },
  };
}
