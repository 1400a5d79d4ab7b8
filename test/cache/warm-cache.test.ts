import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { createResultCache } from '../../src/cache/result-cache.ts';
import { createTableVersions } from '../../src/cache/table-versions.ts';
import { createWarmCache, type WarmCacheOptions } from '../../src/cache/warm-cache.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { handClock } from '../support/hand-clock.ts';
import { resultOf } from './entries.ts';

function shop(changes: Partial<WarmCacheOptions> = {}) {
  const clock = handClock();
  const versions = createTableVersions({ definition: retailDefinition, clock });
  versions.replaceAll(new Map(retailDefinition.relations.map(({ name }) => [name, '1'])));
  const store = createMemoryStore({ clock, maxItems: 100, keepExpiredMs: 0, maxKeepMs: 4_000_000 });
  const cache = createResultCache({ store, versions, clock, ttlMs: 300_000, random: () => 0.5 });
  const errors: unknown[] = [];
  const warm = createWarmCache({
    cache,
    versions,
    clock,
    isIdle: () => true,
    onError: (error) => errors.push(error),
    ...changes,
  });
  let data = 1;
  const runs: string[] = [];
  const questionOf = (key: string, relations = ['orders']) => ({
    key,
    relations,
    produce: async () => {
      runs.push(key);
      return resultOf(`[["${key}",${data}]]`);
    },
  });
  /** As run-query does it: ask, and tell what it cost. */
  const ask = async (key: string, costMs: number) => {
    const question = questionOf(key);
    const answer = await cache.answer(question);
    warm.asked(question, answer.cached ? undefined : costMs);
    return answer;
  };
  let version = 1;
  const change = (table = 'orders') => {
    data += 1;
    version += 1;
    versions.changed(table, String(version));
  };
  /** Asked often enough, over changes, to be a repeated one. */
  const repeat = async (key: string, costMs: number, times = 3) => {
    for (let time = 0; time < times; time += 1) {
      await ask(key, costMs);
      change();
    }
    clock.advance(1000);
  };
  return { clock, versions, cache, warm, errors, runs, questionOf, ask, change, repeat };
}

describe('Warming', () => {
  test('makes a costly, repeated answer again after a change, in its own scope, and as fresh as a new one', async () => {
    const { repeat, warm, ask, runs, cache } = shop();
    await repeat('store 1: revenue', 50);
    runs.length = 0;
    await warm.round();
    expect(runs).toEqual(['store 1: revenue']);
    expect(warm.statistics()).toEqual({ remembered: 1, warmed: 1 });
    const answer = await ask('store 1: revenue', 50);
    expect(answer).toMatchObject({ cached: true, result: { rowsJson: '[["store 1: revenue",4]]' } });
    expect((await ask('store 2: revenue', 50)).cached).toBe(false);
    expect(cache.statistics().warmHits).toBe(1);
  });

  test('raises the hit rate of a repeated question over changing tables', async () => {
    const hitsWith = async (warming: boolean) => {
      const { ask, warm, change, clock, cache } = shop();
      for (let round = 0; round < 20; round += 1) {
        await ask('key', 50);
        change();
        clock.advance(15_000);
        if (warming) await warm.round();
      }
      return cache.statistics().hits;
    };
    expect(await hitsWith(false)).toBe(0);
    expect(await hitsWith(true)).toBe(17);
  });

  test('leaves alone what is cheap, rare, cached, or was warmed just now', async () => {
    const { repeat, warm, runs, change, clock } = shop();
    await repeat('cheap', 5);
    await repeat('rare', 500, 2);
    runs.length = 0;
    await warm.round();
    expect(runs).toEqual([]);
    await repeat('dear', 50);
    runs.length = 0;
    await warm.round();
    await warm.round();
    expect(runs).toEqual(['dear']);
    change();
    clock.advance(5000);
    await warm.round();
    expect(runs).toEqual(['dear']);
    clock.advance(5000);
    await warm.round();
    expect(runs).toEqual(['dear', 'dear']);
  });

  test('begins with what costs most', async () => {
    const { repeat, warm, runs, clock } = shop();
    await repeat('small', 30);
    await repeat('large', 300);
    clock.advance(20_000);
    runs.length = 0;
    await warm.round();
    expect(runs).toEqual(['large', 'small']);
  });

  test('waits until a burst of changes is over, until there is room, and until versions are known', async () => {
    let idle = false;
    const { repeat, warm, runs, change, clock, versions } = shop({ isIdle: () => idle });
    await repeat('key', 50);
    runs.length = 0;
    await warm.round();
    idle = true;
    change();
    clock.advance(999);
    await warm.round();
    versions.lost();
    clock.advance(1);
    await warm.round();
    expect(runs).toEqual([]);
    versions.replaceAll(new Map(retailDefinition.relations.map(({ name }) => [name, '9'])));
    clock.advance(1000);
    await warm.round();
    expect(runs).toEqual(['key']);
  });

  test('minds only so many, and forgets what nobody asks for any more', async () => {
    const { repeat, warm, runs, clock } = shop({ maxStatements: 2, maxRemembered: 3, forgetAfterMs: 60_000 });
    await repeat('forgotten', 900);
    await repeat('a', 100);
    await repeat('b', 50);
    await repeat('c', 70);
    expect(warm.statistics().remembered).toBe(3);
    runs.length = 0;
    await warm.round();
    expect(runs).toEqual(['a', 'c']);
    clock.advance(60_001);
    await warm.round();
    expect(warm.statistics().remembered).toBe(0);
  });

  test('gives an answer half of the time after which a change is to be expected, between a minute and an hour', async () => {
    const ttls: number[] = [];
    const { warm, questionOf, clock, versions } = shop({
      cache: { holds: async () => false, warm: async (_question, ttl) => void ttls.push(ttl) },
    });
    const question = questionOf('key');
    const warmAfter = async (ms: number) => {
      clock.advance(ms);
      for (let run = 0; run < 3; run += 1) warm.asked(question, 50);
      await warm.round();
    };
    await warmAfter(60_000);
    await warmAfter(1_140_000);
    versions.changed('orders', '2');
    versions.changed('orders', '3');
    await warmAfter(1_200_000);
    await warmAfter(100 * 3_600_000);
    expect(ttls).toEqual([60_000, 600_000, 600_000, 3_600_000]);
  });

  test('a statement that fails is told of, and keeps the others from nothing', async () => {
    const { repeat, warm, errors, runs, clock } = shop();
    await repeat('good', 40);
    const bad = { key: 'bad', relations: ['orders'], produce: () => Promise.reject(new Error('no')) };
    for (let run = 0; run < 3; run += 1) warm.asked(bad, 90);
    clock.advance(1000);
    runs.length = 0;
    await warm.round();
    expect(errors.map(String)).toEqual(['Error: no']);
    expect(runs).toEqual(['good']);
  });

  test('one at a time, in the background, and ended by closing', async () => {
    const { warm, errors, questionOf, clock } = shop({ minRuns: 1 });
    let running = 0;
    let most = 0;
    const slow = (key: string) => ({
      ...questionOf(key),
      produce: (signal: AbortSignal | undefined) => {
        running += 1;
        most = Math.max(most, running);
        return new Promise<never>((_, reject) =>
          signal?.addEventListener('abort', () => {
            running -= 1;
            reject(new Error('stopped'));
          }),
        );
      },
    });
    warm.asked(slow('a'), 50);
    warm.asked(slow('b'), 50);
    clock.advance(1000);
    warm.start(5);
    warm.start(5);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(running).toBe(1);
    await warm.close();
    expect([running, most, errors]).toEqual([0, 1, []]);
  });
});
