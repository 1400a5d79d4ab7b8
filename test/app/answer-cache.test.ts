import { afterEach, describe, expect, test } from 'vitest';
import { type AnswerCacheOptions, openAnswerCache } from '../../src/app/answer-cache.ts';
import { loadConfig } from '../../src/config/load.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { VersionsSink } from '../../src/postgres/table-listener.ts';
import { approve } from '../../src/query/approval.ts';
import type { RememberedQuestion } from '../../src/query/remember-answers.ts';
import { openRedis, type RedisConnection } from '../../src/resilience/redis-connection.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { createKeyRing, newEncryptionKey } from '../../src/vault/key-ring.ts';
import { handClock } from '../support/hand-clock.ts';
import { onRedis, ownPrefix, until } from '../support/redis.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const ring = createKeyRing([newEncryptionKey('test')]);
const [plain, costs] = retailDefinition.readerRoles;

/** A cache whose listener is the test. */
async function opened(env: Record<string, string> = {}, changes: Partial<AnswerCacheOptions> = {}) {
  const noted: Observation[] = [];
  const watch: { sink?: VersionsSink; fail?: (error: unknown) => void; closed: number } = { closed: 0 };
  const clock = handClock();
  const cache = await openAnswerCache({
    config: loadConfig({}, { DEV_ISSUER: 'false', ...env }),
    definition: retailDefinition,
    place: 'here',
    watchTables: async (sink, fail) => {
      Object.assign(watch, { sink, fail });
      sink.replaceAll(new Map(retailDefinition.relations.map(({ name }) => [name, '1'])));
      return {
        close: async () => {
          watch.closed += 1;
        },
      };
    },
    load: () => ({ slots: 4, running: 0, waiting: 0 }),
    ring: () => ring,
    clock,
    note: (observation) => noted.push(observation),
    ...changes,
  });
  open.push(cache);
  let runs = 0;
  const ask = async (over: Partial<RememberedQuestion> & { text?: string; reader?: typeof plain; failing?: boolean } = {}) => {
    const { text = 'SELECT 1 FROM retail.orders', reader = plain, failing = false, ...question } = over;
    const { cached, stale, result } = await cache.remember({
      approved: approve({ text, reader: reader!, relations: ['orders'], volatile: false }),
      tenantIds: [1],
      produce: async () => {
        if (failing) throw new AppError('dependency_unavailable', 'away');
        runs += 1;
        return { columns: [], rowsJson: `[[${runs}]]`, rowCount: 1, truncated: false };
      },
      ...question,
    });
    return [result.rowsJson, cached, stale];
  };
  return { cache, ask, watch, noted, clock };
}

describe('The answers that are kept', () => {
  test('belong to text, tenants and reader, and end with a change of their table', async () => {
    const { ask, watch } = await opened();
    expect(await ask()).toEqual(['[[1]]', false, false]);
    expect(await ask()).toEqual(['[[1]]', true, false]);
    expect(await ask({ tenantIds: [2] })).toEqual(['[[2]]', false, false]);
    expect(await ask({ reader: costs! })).toEqual(['[[3]]', false, false]);
    expect(await ask({ text: 'SELECT 2 FROM retail.orders' })).toEqual(['[[4]]', false, false]);
    watch.sink!.changed('orders', '2');
    expect(await ask()).toEqual(['[[5]]', false, false]);
  });

  test('are not looked up while nobody tells of changes, and never where nobody can', async () => {
    const { ask, watch, noted } = await opened();
    await ask();
    watch.fail!(new Error('cut'));
    watch.sink!.lost();
    expect(await ask()).toEqual(['[[2]]', false, false]);
    expect(noted).toMatchObject([{ kind: 'fault_met', where: 'table versions' }]);
    const deaf = await opened({}, { watchTables: undefined });
    expect([await deaf.ask(), await deaf.ask()]).toEqual([
      ['[[1]]', false, false],
      ['[[2]]', false, false],
    ]);
  });

  test('are none with CACHE_TTL_SECONDS=0, and then nobody listens', async () => {
    const { ask, watch } = await opened({ CACHE_TTL_SECONDS: '0' });
    expect(watch.sink).toBeUndefined();
    expect([await ask(), await ask()]).toEqual([
      ['[[1]]', false, false],
      ['[[2]]', false, false],
    ]);
  });

  test('are stale for SERVE_STALE_SECONDS after their end while the database is away, and not longer', async () => {
    const { ask, clock, cache } = await opened({ CACHE_TTL_SECONDS: '100', SERVE_STALE_SECONDS: '60' });
    await ask();
    clock.advance(120_000);
    expect(await ask({ failing: true })).toEqual(['[[1]]', true, true]);
    await expect(ask({ failing: true, tenantIds: [2] })).rejects.toMatchObject({ code: 'dependency_unavailable' });
    clock.advance(60_000);
    await expect(ask({ failing: true })).rejects.toMatchObject({ code: 'dependency_unavailable' });
    expect(cache.statistics()).toMatchObject({ stale: 1 });
  });

  test('close with their listener', async () => {
    const { cache, watch } = await opened();
    await cache.close();
    expect(watch.closed).toBe(1);
  });

  test('are made again while the database is idle, once they are gone, and not while it is busy', async () => {
    for (const [running, remade] of [
      [0, true],
      [3, false],
    ] as const) {
      const { cache, watch, clock } = await opened({}, { load: () => ({ slots: 4, running, waiting: 0 }) });
      let runs = 0;
      const ask = () =>
        cache.remember({
          approved: approve({ text: 'SELECT 1 FROM retail.orders', reader: plain!, relations: ['orders'], volatile: false }),
          tenantIds: [1],
          produce: async () => {
            runs += 1;
            clock.advance(50);
            return { columns: [], rowsJson: '[]', rowCount: 0, truncated: false };
          },
        });
      for (let version = 2; version <= 4; version += 1) {
        await ask();
        watch.sink!.changed('orders', String(version));
      }
      clock.advance(20_000);
      await new Promise((resolve) => setTimeout(resolve, 1300));
      expect([runs, (await ask()).cached]).toEqual(remade ? [4, true] : [3, false]);
      await cache.close();
    }
  });
});

onRedis('The answers that replicas share', (url) => {
  test('are hits on another replica of the same database, and not on one of another', async () => {
    const prefix = ownPrefix();
    const connect = async (): Promise<RedisConnection> => {
      const redis = openRedis({ url, note: () => {} });
      open.push(redis);
      await until('Redis is connected', () => redis.client.isReady);
      return redis;
    };
    const redis = await connect();
    const clock = handClock(Date.now());
    const [one, two] = [await opened({}, { redis, place: prefix, clock }), await opened({}, { redis, place: prefix, clock })];
    const other = await opened({}, { redis, place: `${prefix} other`, clock });
    await one.ask();
    await until('the entry has come to Redis', async () => (await two.ask())[1] === true);
    expect((await other.ask())[1]).toBe(false);
  });

  test('are misses with a note of the fault while Redis is away', async () => {
    const client = { get: () => Promise.reject(new Error('gone')), set: () => Promise.reject(new Error('gone')) };
    const redis = { client, close: async () => {} } as unknown as RedisConnection;
    const { ask, noted } = await opened({}, { redis });
    expect([(await ask())[1], (await ask())[1]]).toEqual([false, true]);
    expect(noted).toMatchObject([{ kind: 'fault_met', where: 'cache' }]);
  });
});
