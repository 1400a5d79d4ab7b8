import { cacheKey, schemaVersion } from '../cache/cache-key.ts';
import { createMemoryStore } from '../cache/memory-store.ts';
import { createRedisStore } from '../cache/redis-store.ts';
import { createResultCache } from '../cache/result-cache.ts';
import { createTableVersions } from '../cache/table-versions.ts';
import { createTieredStore } from '../cache/tiered-store.ts';
import { createWarmCache } from '../cache/warm-cache.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { DatabaseLoad } from '../postgres/database.ts';
import type { WatchTables } from '../postgres/table-listener.ts';
import type { RememberAnswers } from '../query/remember-answers.ts';
import type { RedisConnection } from '../resilience/redis-connection.ts';
import { createEnvelope } from '../vault/envelope.ts';
import type { KeyRing } from '../vault/key-ring.ts';

export interface AnswerCacheOptions {
  readonly config: Config;
  readonly definition: SchemaDefinition;
  /** Names the database: replicas with another one must not share answers. */
  readonly place: string;
  readonly watchTables: WatchTables | undefined;
  readonly load: () => DatabaseLoad;
  readonly redis?: RedisConnection | undefined;
  /** Seals what is kept in Redis. */
  readonly ring: () => KeyRing;
  readonly clock: Clock;
  readonly note: Note;
}

const longestWarmMs = 3_600_000;

/** Answers kept in memory and in Redis, dropped when a table changes, and made again while the database has nothing to do. */
export async function openAnswerCache(options: AnswerCacheOptions) {
  const { config, definition, place, watchTables, load, redis, ring, clock, note } = options;
  const { cacheTtlSeconds, cacheMaxItems, serveStaleSeconds, queryMaxRows, resultMaxTokens } = config;
  const told = (where: string) => (error: unknown) => note({ kind: 'fault_met', where, error });
  const listeners: ((table: string) => void)[] = [];
  const onChange = (table: string) => {
    for (const listener of listeners) listener(table);
  };
  const versions = createTableVersions({ definition, clock, onChange });
  const keeping = { keepExpiredMs: serveStaleSeconds * 1000, maxKeepMs: 1.1 * Math.max(cacheTtlSeconds * 1000, longestWarmMs) };
  const memory = createMemoryStore({ clock, maxItems: cacheMaxItems, ...keeping });
  const shared =
    redis &&
    createRedisStore({
      redis: redis.client,
      prefix: `${config.postgresRolePrefix}:`,
      seal: createEnvelope(ring),
      clock,
      onError: told('cache'),
      ...keeping,
    });
  const cache = createResultCache({
    store: createTieredStore(shared === undefined ? [memory] : [memory, shared]),
    versions,
    clock,
    ttlMs: cacheTtlSeconds * 1000,
    serveStaleMs: serveStaleSeconds * 1000,
  });
  const isIdle = () => {
    const { slots, running, waiting } = load();
    return waiting === 0 && running <= slots / 4;
  };
  const warm = createWarmCache({ cache, versions, clock, isIdle, onError: told('cache warming') });
  const watching = cacheTtlSeconds === 0 ? undefined : await watchTables?.(versions, told('table versions'));
  if (cacheTtlSeconds > 0) warm.start();

  // Of everything beside the question that an answer follows from.
  const namespace = [place, queryMaxRows, resultMaxTokens].join(' ');
  const version = schemaVersion(definition);
  const remember: RememberAnswers = async ({ approved, tenantIds, signal, produce }) => {
    if (cacheTtlSeconds === 0) return { result: await produce(signal), cached: false, stale: false };
    const { text, reader, relations } = approved;
    const key = cacheKey({ namespace, schemaVersion: version, reader: reader.suffix, tenantIds, kind: 'query', text });
    let ranMs: number | undefined;
    const timed = async (stop: AbortSignal | undefined) => {
      const start = clock.monotonic();
      const result = await produce(stop);
      ranMs = clock.monotonic() - start;
      return result;
    };
    const answer = await cache.answer({ key, relations, signal, produce: timed });
    warm.asked({ key, relations, produce }, ranMs);
    return answer;
  };
  return {
    remember,
    statistics: cache.statistics,
    /** For others who keep what follows from tables. Heard of only while results are kept. */
    onTableChange: (listener: (table: string) => void): void => void listeners.push(listener),
    async close(): Promise<void> {
      await warm.close();
      await watching?.close();
    },
  };
}
