import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createInsuredRateStore } from '../../src/resilience/insured-rate-store.ts';
import { createMemoryRateStore } from '../../src/resilience/memory-rate-store.ts';
import { createRateLimiter, type RateStore } from '../../src/resilience/rate-limiter.ts';
import { openRedis } from '../../src/resilience/redis-connection.ts';
import { createRedisRateStore } from '../../src/resilience/redis-rate-store.ts';
import { lineTo, onRedis, ownPrefix, until } from '../support/redis.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0)) await part.close();
});

/** A process of its own, as far as Redis can tell. */
async function replica(url: string, prefix: string) {
  const observations: Observation[] = [];
  const note = (observation: Observation) => observations.push(observation);
  const connection = openRedis({ url, note });
  open.push(connection);
  await until('Redis is connected', () => connection.client.isReady);
  const shared = createRedisRateStore({ redis: connection.client, prefix });
  const store = createInsuredRateStore({
    shared,
    local: createMemoryRateStore({ clock: systemClock }),
    clock: systemClock,
    note,
    pauseMs: 100,
  });
  return { connection, observations, shared, store };
}

async function takenAtOnce(stores: readonly RateStore[], perMinute: number, burst: number, calls: number): Promise<number> {
  const limiters = stores.map((store) => createRateLimiter({ name: 'calls', store, perMinute, burst }));
  let taken = 0;
  for (let call = 0; call < calls; call += 1) {
    await limiters[call % limiters.length]!.take('ann').then(
      () => {
        taken += 1;
      },
      (error: AppError) => expect(error.code).toBe('rate_limited'),
    );
  }
  return taken;
}

const slow = { intervalMs: 60_000, burst: 1 };

onRedis('limits in Redis', (url) => {
  test('two replicas share one budget', async () => {
    const prefix = ownPrefix();
    const [a, b] = [await replica(url, prefix), await replica(url, prefix)];
    expect(await takenAtOnce([a.store, b.store], 6, 5, 20)).toBe(5);
  });

  test('a new process finds the budget as it was', async () => {
    const prefix = ownPrefix();
    expect(await takenAtOnce([(await replica(url, prefix)).store], 6, 5, 10)).toBe(5);
    expect(await takenAtOnce([(await replica(url, prefix)).store], 6, 5, 10)).toBe(0);
  });

  test('the stated time is sufficient', async () => {
    const { shared } = await replica(url, ownPrefix());
    const bucket = { intervalMs: 150, burst: 2 };
    for (let token = 0; token < 2; token += 1) expect(await shared.take('ann', bucket)).toBe(0);
    const waitMs = await shared.take('ann', bucket);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(150);
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(waitMs) + 1));
    expect(await shared.take('ann', bucket)).toBe(0);
  });

  test('a full bucket leaves no key behind', async () => {
    const prefix = ownPrefix();
    const { shared, connection } = await replica(url, prefix);
    await shared.take('ann', { intervalMs: 50, burst: 3 });
    expect(await connection.client.exists(`${prefix}ann`)).toBe(1);
    await until('the key is gone', async () => (await connection.client.exists(`${prefix}ann`)) === 0);
  });

  test('a key of another kind is an outage, not a limit', async () => {
    const prefix = ownPrefix();
    const { store, shared, connection } = await replica(url, prefix);
    await connection.client.hSet(`${prefix}ann`, 'a', 'b');
    await expect(shared.take('ann', slow)).rejects.toThrow('WRONGTYPE');
    expect(await store.take('ann', slow)).toBe(0);
  });

  test('when Redis dies each replica limits by itself, and when it is back they share again', async () => {
    const line = await lineTo(url);
    open.push(line);
    const prefix = ownPrefix();
    const [a, b] = [await replica(line.url, prefix), await replica(line.url, prefix)];
    expect(await a.store.take('before', slow)).toBe(0);
    expect(await b.store.take('before', slow)).toBeGreaterThan(0);

    await line.cut();
    await until('the connections are gone', () => !a.connection.client.isReady && !b.connection.client.isReady);
    expect(await a.store.take('ann', slow)).toBe(0);
    expect(await a.store.take('ann', slow)).toBeGreaterThan(0);
    expect(await b.store.take('ann', slow)).toBe(0);
    const said = a.observations.filter(({ kind }) => kind === 'fault_met').map((fault) => 'where' in fault && fault.where);
    expect(said.toSorted()).toEqual(['rate limits (each replica counts for itself now)', 'redis']);

    await line.restore();
    await until('both are back', () => a.connection.client.isReady && b.connection.client.isReady);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await a.store.take('after', slow)).toBe(0);
    expect(await b.store.take('after', slow)).toBeGreaterThan(0);
    expect(await b.store.take('before', slow)).toBeGreaterThan(0);
  });

  test('a Redis that hangs costs one call a quarter of a second, and the next ones nothing', async () => {
    const line = await lineTo(url);
    open.push(line);
    const { store } = await replica(line.url, ownPrefix());
    line.hang();
    const started = performance.now();
    expect(await store.take('ann', slow)).toBe(0);
    const first = performance.now() - started;
    expect(first).toBeGreaterThan(200);
    expect(first).toBeLessThan(1000);
    const again = performance.now();
    expect(await store.take('ann', slow)).toBeGreaterThan(0);
    expect(performance.now() - again).toBeLessThan(80);
  });

  test('a Redis that was never there does not stop the start', async () => {
    const connection = openRedis({ url: 'redis://127.0.0.1:1', note: () => {}, connectTimeoutMs: 200 });
    open.push(connection);
    const store = createRedisRateStore({ redis: connection.client, prefix: ownPrefix() });
    await expect(store.take('ann', slow)).rejects.toThrow();
  });
});

test('an answer that is no number is an outage', async () => {
  const store = createRedisRateStore({ redis: { eval: async () => 'OK' }, prefix: '' });
  await expect(store.take('ann', slow)).rejects.toThrow('no number');
});
