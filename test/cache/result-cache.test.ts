import { describe, expect, test } from 'vitest';
import type { CachedResult } from '../../src/cache/cached-result.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { type CacheEvent, createResultCache, type ResultCacheOptions } from '../../src/cache/result-cache.ts';
import { createTableVersions } from '../../src/cache/table-versions.ts';
import { createTieredStore } from '../../src/cache/tiered-store.ts';
import { AppError } from '../../src/core/errors.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { handClock } from '../support/hand-clock.ts';
import { resultOf } from './entries.ts';

const down = new AppError('dependency_unavailable', 'gone');

function shop(changes: Partial<ResultCacheOptions> = {}) {
  const clock = handClock();
  const versions = createTableVersions({ definition: retailDefinition, clock });
  const allVersions = () => new Map(retailDefinition.relations.map(({ name }) => [name, '1']));
  versions.replaceAll(allVersions());
  const store = createMemoryStore({ clock, maxItems: 100, keepExpiredMs: changes.serveStaleMs ?? 0, maxKeepMs: 330_000 });
  const events: CacheEvent[] = [];
  const count = (event: CacheEvent) => events.push(event);
  const cache = createResultCache({ store, versions, clock, ttlMs: 300_000, random: () => 0.5, count, ...changes });
  const database = { runs: 0, next: async (): Promise<CachedResult> => resultOf(`[[${database.runs}]]`) };
  const ask = (key = 'key', relations = ['orders'], signal?: AbortSignal) =>
    cache.answer({
      key,
      relations,
      signal,
      produce: () => {
        database.runs += 1;
        return database.next();
      },
    });
  return { clock, versions, allVersions, store, cache, events, database, ask };
}

describe('The result cache', () => {
  test('asks the database once and answers the next calls with the same rows', async () => {
    const { ask, database, events, cache, clock } = shop();
    database.next = async () => {
      clock.advance(40);
      return resultOf('[[1]]');
    };
    expect(await ask()).toMatchObject({ cached: false, stale: false });
    expect(await ask()).toMatchObject({ cached: true, stale: false, result: { rowsJson: '[[1]]' } });
    expect(database.runs).toBe(1);
    expect(events).toEqual(['miss', 'hit']);
    expect(cache.statistics()).toMatchObject({ hits: 1, misses: 1, savedMs: 40, warmHits: 0 });
  });

  test('hands out nothing that a caller could change for the others, from the first call on', async () => {
    const { ask } = shop();
    const { result } = await ask();
    expect(Object.isFrozen(result) && Object.isFrozen(result.columns) && Object.isFrozen(result.columns[0])).toBe(true);
  });

  test('fifty at once are one statement', async () => {
    const { ask, database, cache } = shop();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(database.runs).toBe(1);
    expect(new Set(answers.map(({ result }) => result)).size).toBe(1);
    expect(cache.statistics()).toMatchObject({ misses: 1, joined: 49 });
  });

  test('keeps an entry for its ttl, give or take a tenth', async () => {
    for (const [random, lifeMs] of [
      [0, 270_000],
      [1, 330_000],
    ] as const) {
      const { ask, clock, database } = shop({ random: () => random });
      await ask();
      clock.advance(lifeMs - 1);
      expect((await ask()).cached).toBe(true);
      clock.advance(2);
      expect((await ask()).cached).toBe(false);
      expect(database.runs).toBe(2);
    }
  });

  test('a change of a table, or of one that its policies read, makes the next call a miss; of another it does not', async () => {
    const { ask, versions } = shop();
    await ask('key', ['customers']);
    versions.changed('products', '2');
    expect((await ask('key', ['customers'])).cached).toBe(true);
    versions.changed('orders', '2');
    expect((await ask('key', ['customers'])).cached).toBe(false);
    versions.changed('customers', '2');
    expect((await ask('key', ['customers'])).cached).toBe(false);
  });

  test('an answer during which its table changed is given and not kept', async () => {
    const { ask, versions, database } = shop();
    database.next = async () => {
      versions.changed('orders', '2');
      return resultOf('[]');
    };
    expect((await ask()).cached).toBe(false);
    expect((await ask()).cached).toBe(false);
  });

  test('whoever comes after a change does not join an execution from before it', async () => {
    const { ask, versions, database } = shop();
    let finish = (_: CachedResult) => {};
    database.next = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const early = ask();
    await Promise.resolve();
    await Promise.resolve();
    expect(database.runs).toBe(1);
    const finishEarly = finish;
    versions.changed('orders', '2');
    const late = ask();
    await new Promise((resolve) => setImmediate(resolve));
    expect(database.runs).toBe(2);
    finish(resultOf('[["new"]]'));
    finishEarly(resultOf('[["old"]]'));
    expect((await late).result.rowsJson).toBe('[["new"]]');
    expect((await early).result.rowsJson).toBe('[["old"]]');
    expect((await ask()).result.rowsJson).toBe('[["new"]]');
  });

  test('while the versions are unknown nothing is looked up, joined or kept', async () => {
    const { ask, versions, allVersions, database, events } = shop();
    await ask();
    versions.lost();
    await Promise.all([ask(), ask()]);
    expect(database.runs).toBe(3);
    expect(events.slice(1)).toEqual(['bypass', 'bypass']);
    // What was kept before is good again when nothing has changed meanwhile.
    versions.replaceAll(allVersions());
    expect(await ask()).toMatchObject({ cached: true, result: { rowsJson: '[[1]]' } });
  });

  test('versions lost while the answer is looked up in a store elsewhere make it a miss', async () => {
    const { versions, store, clock, database } = shop();
    const far = createTieredStore([store]);
    const slow = {
      ...far,
      peek: () => undefined,
      get: async (...args: Parameters<typeof store.get>) => {
        if (database.runs > 0) versions.lost();
        return far.get(...args);
      },
    };
    const cache = createResultCache({ store: slow, versions, clock, ttlMs: 300_000 });
    const question = {
      key: 'key',
      relations: ['orders'],
      produce: async () => {
        database.runs += 1;
        return resultOf('[]');
      },
    };
    await cache.answer(question);
    expect((await cache.answer(question)).cached).toBe(false);
    expect(database.runs).toBe(2);
  });

  test('failures are not kept', async () => {
    const { ask, database } = shop();
    database.next = () => Promise.reject(new AppError('query_failed', 'no such column'));
    await expect(ask()).rejects.toMatchObject({ code: 'query_failed' });
    await expect(ask()).rejects.toMatchObject({ code: 'query_failed' });
    expect(database.runs).toBe(2);
  });

  test('nothing of 1,000 rows is kept, 999 are', async () => {
    for (const rowCount of [999, 1000]) {
      const { ask, database } = shop();
      database.next = async () => resultOf('[]', { rowCount });
      await ask();
      expect((await ask()).cached).toBe(rowCount === 999);
    }
  });

  test('one caller who leaves takes nobody along', async () => {
    const { ask, database } = shop();
    const caller = new AbortController();
    const leaving = ask('key', ['orders'], caller.signal);
    const staying = ask();
    caller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'query_timeout' });
    expect((await staying).result.rowsJson).toBe('[[1]]');
    expect(database.runs).toBe(1);
  });

  test('a ttl of 0 switches it off', async () => {
    const { ask, database, cache, events } = shop({ ttlMs: 0 });
    await Promise.all([ask(), ask()]);
    await cache.warm({ key: 'key', relations: ['orders'], produce: async () => resultOf('[]') }, 60_000);
    expect(await cache.holds({ key: 'key', relations: ['orders'] })).toBe(false);
    expect(database.runs).toBe(2);
    expect(events).toEqual([]);
  });

  test('an entry made before anybody asked is a hit, for the ttl it was given', async () => {
    const { ask, cache, clock, versions } = shop();
    const question = { key: 'key', relations: ['orders'], produce: async () => resultOf('[["warm"]]') };
    expect(await cache.holds(question)).toBe(false);
    await cache.warm(question, 3_600_000);
    expect(await cache.holds(question)).toBe(true);
    expect(await ask()).toMatchObject({ cached: true, result: { rowsJson: '[["warm"]]' }, saved: { warmed: true } });
    expect(cache.statistics()).toMatchObject({ warmHits: 1, hits: 1, misses: 0 });
    clock.advance(329_000);
    expect(await cache.holds(question)).toBe(true);
    versions.lost();
    await cache.warm({ ...question, produce: () => Promise.reject(new Error('must not be asked')) }, 60_000);
  });
});

describe('Answers while the database is unavailable', () => {
  test('may be as old as allowed beyond their life, and say so', async () => {
    const { ask, clock, database, events } = shop({ serveStaleMs: 60_000 });
    await ask();
    database.next = () => Promise.reject(down);
    clock.advance(300_000 + 59_000);
    expect(await ask()).toMatchObject({ cached: true, stale: true, result: { rowsJson: '[[1]]' } });
    expect(events.at(-1)).toBe('stale');
    clock.advance(1001);
    await expect(ask()).rejects.toMatchObject({ code: 'dependency_unavailable' });
  });

  test('are given for an open circuit too, and while the listener is away', async () => {
    const { ask, versions, database } = shop({ serveStaleMs: 60_000 });
    await ask();
    versions.lost();
    database.next = () => Promise.reject(new AppError('circuit_open', 'open'));
    expect(await ask()).toMatchObject({ stale: true });
  });

  test('are never those that are known to be superseded', async () => {
    const { ask, versions, database } = shop({ serveStaleMs: 60_000 });
    await ask();
    versions.changed('orders', '2');
    database.next = () => Promise.reject(down);
    await expect(ask()).rejects.toMatchObject({ code: 'dependency_unavailable' });
  });

  test('are not given for other failures, nor to who has left, nor when switched off', async () => {
    const allowed = shop({ serveStaleMs: 60_000 });
    await allowed.ask();
    allowed.clock.advance(301_000);
    allowed.database.next = () => Promise.reject(new AppError('overloaded', 'full'));
    await expect(allowed.ask()).rejects.toMatchObject({ code: 'overloaded' });
    allowed.database.next = () => Promise.reject(down);
    await expect(allowed.ask('key', ['orders'], AbortSignal.abort())).rejects.toMatchObject({ code: 'query_timeout' });

    const off = shop();
    await off.ask();
    off.versions.lost();
    off.database.next = () => Promise.reject(down);
    await expect(off.ask()).rejects.toMatchObject({ code: 'dependency_unavailable' });
  });
});
