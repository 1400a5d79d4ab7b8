import type { CachedResult } from './cached-result.ts';

export interface CacheEntry {
  readonly result: CachedResult;
  /** Versions of the tables that the answer follows from, as known before it was asked for: see `table-versions.ts`. */
  readonly stamp: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly expiresAt: number;
  /** What it took to make. */
  readonly costMs: number;
  /** True where nobody waited for it: see `warm-cache.ts`. */
  readonly warmed: boolean;
}

/** Whether an entry may be used; asked when the entry is there, not when it is asked for. */
export type Accept = (entry: CacheEntry) => boolean;

/** Where entries are kept. Two adapters, and `tiered-store.ts` joins them. None of its methods ever fails: a broken cache is a miss. */
export interface CacheStore {
  /** What can be told without waiting. */
  peek(key: string, accept: Accept): CacheEntry | undefined;
  get(key: string, accept: Accept): Promise<CacheEntry | undefined>;
  set(key: string, entry: CacheEntry): Promise<void>;
}

/** How long a store keeps an entry. */
export interface Keeping {
  /** Beyond its expiry, for the time in which the database is away. */
  readonly keepExpiredMs: number;
  /** No entry is kept longer, whatever its expiry says: clocks can be set. */
  readonly maxKeepMs: number;
}

/** Whole milliseconds; 0 = not at all. */
export function keepMs({ expiresAt }: CacheEntry, nowMs: number, { keepExpiredMs, maxKeepMs }: Keeping): number {
  return Math.max(0, Math.ceil(Math.min(expiresAt - nowMs, maxKeepMs) + keepExpiredMs));
}
