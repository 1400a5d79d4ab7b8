import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AppError } from '../core/errors.ts';

/** A token bucket: it holds `burst` tokens, is full at first, and gains one every `intervalMs`. */
export interface Bucket {
  readonly intervalMs: number;
  readonly burst: number;
}

/** Where buckets are kept. Two adapters: `memory-rate-store.ts` and `redis-rate-store.ts`. */
export interface RateStore {
  /** Takes one token and gives 0, or takes nothing and gives the milliseconds until there is one. */
  take(key: string, bucket: Bucket): Promise<number>;
}

/**
 * One bucket as one number (the generic cell rate algorithm, ITU-T I.371): the time at which it will be full again.
 * A bucket that nobody has used was full at any time in the past.
 */
export function takeToken(fullAt: number, nowMs: number, { intervalMs, burst }: Bucket): { waitMs: number; fullAt: number } {
  const from = Math.max(fullAt, nowMs);
  const waitMs = from - nowMs - intervalMs * (burst - 1);
  return waitMs > 0 ? { waitMs, fullAt } : { waitMs: 0, fullAt: from + intervalMs };
}

export interface RateLimiterOptions {
  /** Part of every key, and what the refusal says is used up, for example `calls`. */
  readonly name: string;
  readonly store: RateStore;
  /** 0 = unlimited. */
  readonly perMinute: number;
  /** Tokens that may be taken at once. Absent = a whole minute's. */
  readonly burst?: number;
}

/** Limits how often something may be done. `factor` multiplies rate and burst for those who may do more. */
export function createRateLimiter({ name, store, perMinute, burst = perMinute }: RateLimiterOptions) {
  return {
    /** Throws `rate_limited`, with the time after which the next attempt succeeds. */
    async take(subject: string, factor = 1): Promise<void> {
      if (perMinute === 0) return;
      const bucket = { intervalMs: 60_000 / (perMinute * factor), burst: Math.max(1, Math.floor(burst * factor)) };
      const waitMs = await store.take(`${name}:${keyOf(subject)}`, bucket);
      if (waitMs <= 0) return;
      const atOnce = burst < perMinute ? `, ${bucket.burst} at once` : '';
      const seconds = Math.ceil(waitMs / 1000);
      throw new AppError('rate_limited', `Too many ${name}: at most ${Math.floor(perMinute * factor)} a minute${atOnce}`, {
        hint: `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
        retryAfterMs: waitMs,
      });
    },
  };
}

const digests = new LRUCache<string, string>({ max: 1000 });

/** Subjects come from issuers: of any length, and often somebody's address. */
function keyOf(subject: string): string {
  const known = digests.get(subject);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(subject).digest('base64url').slice(0, 22);
  if (subject.length < 300) digests.set(subject, digest);
  return digest;
}
