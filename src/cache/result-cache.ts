import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { CacheEntry, CacheStore } from './cache-store.ts';
import { type CachedResult, freezeResult } from './cached-result.ts';
import { createSingleFlight } from './single-flight.ts';
import type { TableVersions } from './table-versions.ts';

/** How a call was answered. `joined`: with others, by one execution. `bypass`: the tables' versions are unknown, so nothing was looked up. */
export type CacheEvent = 'hit' | 'miss' | 'joined' | 'bypass' | 'stale';

export interface ResultCacheOptions {
  readonly store: CacheStore;
  readonly versions: Pick<TableVersions, 'stamp' | 'lastStamp'>;
  readonly clock: Clock;
  /** Of an entry, give or take a tenth, so that what was made together does not expire together. 0 = no cache at all. */
  readonly ttlMs: number;
  /** How long after its expiry an entry may still be answered while the database is unavailable. 0 = never. */
  readonly serveStaleMs?: number;
  /** Results with as many rows are not kept. */
  readonly maxRows?: number;
  readonly count?: (event: CacheEvent) => void;
  readonly random?: () => number;
}

export interface CacheQuestion {
  /** Of `cacheKey`. */
  readonly key: string;
  /** Relations that the statement reads; those that their policies read follow from the definition. */
  readonly relations: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Asks the database. Runs at most once for all who ask the same meanwhile; its signal ends when the last of them has left. */
  readonly produce: (signal: AbortSignal | undefined) => Promise<CachedResult>;
}

export interface CacheAnswer {
  readonly result: CachedResult;
  readonly cached: boolean;
  /** True where the database is unavailable and the answer may be out of date. */
  readonly stale: boolean;
  /** Of a hit: what it would have taken, and whether it was made before anybody asked. */
  readonly saved?: { readonly ms: number; readonly warmed: boolean };
}

export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  readonly joined: number;
  readonly bypassed: number;
  readonly stale: number;
  /** Hits on entries that were made before anybody asked. */
  readonly warmHits: number;
  /** Database time that hits did not take again. */
  readonly savedMs: number;
}

/** Answers from the cache what cannot have changed, and has everything else made once. Failures are never kept. */
export function createResultCache(options: ResultCacheOptions) {
  const { store, versions, clock, ttlMs, serveStaleMs = 0, maxRows = 1000, count, random = Math.random } = options;
  const flights = createSingleFlight<CacheAnswer>();
  const totals = { hits: 0, misses: 0, joined: 0, bypassed: 0, stale: 0, warmHits: 0, savedMs: 0 };

  const isCurrent = (relations: readonly string[]) => (entry: CacheEntry) =>
    entry.expiresAt > clock.now() && entry.stamp === versions.stamp(relations);
  const hit = (entry: CacheEntry): CacheAnswer => {
    totals.hits += 1;
    totals.savedMs += entry.costMs;
    if (entry.warmed) totals.warmHits += 1;
    count?.('hit');
    return { result: entry.result, cached: true, stale: false, saved: { ms: entry.costMs, warmed: entry.warmed } };
  };

  const make = async ({ key, relations, produce }: CacheQuestion, signal: AbortSignal, ttl: number, warmed: boolean) => {
    // Before the query, never after it: read afterwards, a change in between would pass for one that the query saw.
    const stamp = versions.stamp(relations);
    const start = clock.monotonic();
    const result = freezeResult(await produce(signal));
    if (stamp !== undefined && stamp === versions.stamp(relations) && result.rowCount < maxRows) {
      const expiresAt = clock.now() + ttl * (0.9 + 0.2 * random());
      void store.set(key, { result, stamp, expiresAt, costMs: clock.monotonic() - start, warmed });
    }
    return { result, cached: false, stale: false };
  };

  const current = async (question: CacheQuestion): Promise<CacheAnswer> => {
    const { key, relations, signal } = question;
    const stamp = versions.stamp(relations);
    if (stamp === undefined) {
      totals.bypassed += 1;
      count?.('bypass');
      return { result: await question.produce(signal), cached: false, stale: false };
    }
    const near = store.peek(key, isCurrent(relations));
    if (near !== undefined) return hit(near);
    // With the versions in the name nobody joins an execution that began before a change he may know of.
    let joined = true;
    const answer = await flights.run(`${key} ${stamp}`, signal, async (shared) => {
      joined = false;
      const found = await store.get(key, isCurrent(relations));
      if (found !== undefined) return hit(found);
      totals.misses += 1;
      count?.('miss');
      return make(question, shared, ttlMs, false);
    });
    if (joined) {
      totals.joined += 1;
      count?.('joined');
    }
    return answer;
  };

  const outdated = async ({ key, relations }: CacheQuestion): Promise<CacheAnswer | undefined> => {
    const found = await store.get(
      key,
      (entry) => entry.expiresAt + serveStaleMs > clock.now() && entry.stamp === versions.lastStamp(relations),
    );
    if (found === undefined) return undefined;
    totals.stale += 1;
    count?.('stale');
    return { result: found.result, cached: true, stale: true };
  };

  return {
    async answer(question: CacheQuestion): Promise<CacheAnswer> {
      if (ttlMs === 0) return { result: await question.produce(question.signal), cached: false, stale: false };
      try {
        return await current(question);
      } catch (error) {
        if (serveStaleMs === 0 || question.signal?.aborted || !isUnavailable(error)) throw error;
        const old = await outdated(question);
        if (old === undefined) throw error;
        return old;
      }
    },
    /** Whether the next call would be answered from what is kept. */
    async holds({ key, relations }: Pick<CacheQuestion, 'key' | 'relations'>): Promise<boolean> {
      const accept = isCurrent(relations);
      return store.peek(key, accept) !== undefined || (await store.get(key, accept)) !== undefined;
    },
    /** Makes an entry that nobody waits for; callers who come meanwhile are answered with it. */
    async warm(question: CacheQuestion, ttl: number): Promise<void> {
      const stamp = versions.stamp(question.relations);
      if (stamp === undefined || ttlMs === 0) return;
      await flights.run(`${question.key} ${stamp}`, question.signal, (shared) => make(question, shared, ttl, true));
    },
    statistics: (): CacheStatistics => ({ ...totals }),
  };
}

export type ResultCache = ReturnType<typeof createResultCache>;

function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'dependency_unavailable' || error.code === 'circuit_open');
}
