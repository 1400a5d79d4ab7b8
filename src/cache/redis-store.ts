import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { within } from '../core/within.ts';
import { type CacheEntry, type CacheStore, type Keeping, keepMs } from './cache-store.ts';
import { cachedResult, freezeResult } from './cached-result.ts';

/** What is needed of a Redis client; node-redis has it. */
export interface RedisTexts {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options: { expiration: { type: 'PX'; value: number } }): Promise<unknown>;
}

/** Authenticated encryption that binds a text to its context: `vault/envelope.ts`. `open` throws for anything it did not seal. */
export interface EntrySeal {
  seal(plain: string, context: SealedFor): string;
  open(sealed: string, context: SealedFor): Uint8Array;
}

interface SealedFor {
  readonly purpose: string;
  readonly tenant: string;
}

export interface RedisStoreOptions extends Keeping {
  readonly redis: RedisTexts;
  /** Begins every key, so that installations can share a Redis. */
  readonly prefix: string;
  readonly seal: EntrySeal;
  readonly clock: Clock;
  /** Redis failed, or an entry was not what this server writes. The call goes on without it. */
  readonly onError: (error: unknown) => void;
  /** How long a call waits for Redis. */
  readonly timeoutMs?: number;
  /** How long Redis is left alone after it failed. */
  readonly pauseMs?: number;
  /** Sealed text of one entry. */
  readonly maxEntryBytes?: number;
}

const envelope = z.strictObject({
  v: z.literal(1),
  result: cachedResult,
  stamp: z.string(),
  expiresAt: z.number(),
  costMs: z.number(),
  warmed: z.boolean(),
});

/**
 * Entries that replicas share. They are JSON, sealed for their own key with a key that Redis does not have: whoever can write to
 * Redis can neither read rows there nor plant any, not even those of another key. What does not open is a miss.
 */
export function createRedisStore(options: RedisStoreOptions): CacheStore {
  const { redis, prefix, seal, clock, onError, timeoutMs = 100, pauseMs = 1000, maxEntryBytes = 2 * 1024 * 1024 } = options;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  const sealedFor = (key: string): SealedFor => ({ purpose: 'cached result', tenant: key });

  /** A Redis that hangs costs one call `timeoutMs`, and the next ones nothing. */
  const ask = async <T>(command: () => Promise<T>): Promise<T | undefined> => {
    if (clock.monotonic() < pausedUntil) return undefined;
    try {
      return await within(timeoutMs, command(), () => new Error(`Redis gave no answer within ${timeoutMs} ms`));
    } catch (error) {
      pausedUntil = clock.monotonic() + pauseMs;
      onError(error);
      return undefined;
    }
  };
  const read = (key: string, text: string): CacheEntry | undefined => {
    try {
      const plain = Buffer.from(seal.open(text, sealedFor(key))).toString();
      const { v: _, ...entry } = envelope.parse(JSON.parse(plain));
      freezeResult(entry.result as CacheEntry['result']);
      return entry as CacheEntry;
    } catch (error) {
      onError(error);
      return undefined;
    }
  };

  return {
    peek: () => undefined,
    async get(key, accept) {
      const text = await ask(() => redis.get(`${prefix}${key}`));
      if (text === undefined || text === null || text.length > maxEntryBytes) return undefined;
      const entry = read(key, text);
      return entry !== undefined && accept(entry) ? entry : undefined;
    },
    async set(key, entry) {
      const ttl = keepMs(entry, clock.now(), options);
      if (ttl === 0 || clock.monotonic() < pausedUntil) return;
      const text = seal.seal(JSON.stringify({ v: 1, ...entry }), sealedFor(key));
      if (text.length > maxEntryBytes) return;
      await ask(() => redis.set(`${prefix}${key}`, text, { expiration: { type: 'PX', value: ttl } }));
    },
  };
}
