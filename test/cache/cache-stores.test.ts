import { afterEach, describe, expect, test } from 'vitest';
import type { Keeping } from '../../src/cache/cache-store.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { createRedisStore, type RedisTexts } from '../../src/cache/redis-store.ts';
import { createTieredStore } from '../../src/cache/tiered-store.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openRedis, type RedisConnection } from '../../src/resilience/redis-connection.ts';
import { createEnvelope } from '../../src/vault/envelope.ts';
import { createKeyRing, newEncryptionKey } from '../../src/vault/key-ring.ts';
import { cacheStoreContract } from '../contracts/cache-store.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { onRedis, ownPrefix, until } from '../support/redis.ts';
import { anything, entryFor, resultOf } from './entries.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0)) await part.close();
});

const ring = createKeyRing([newEncryptionKey('k1')]);
const seal = createEnvelope(() => ring);
const keeping: Keeping = { keepExpiredMs: 0, maxKeepMs: 330_000 };

async function connect(url: string): Promise<RedisConnection> {
  const connection = openRedis({ url, note: () => {} });
  open.push(connection);
  await until('Redis is connected', () => connection.client.isReady);
  return connection;
}

async function redisStore(url: string, changes: Partial<Parameters<typeof createRedisStore>[0]> = {}) {
  const connection = await connect(url);
  const errors: unknown[] = [];
  const prefix = ownPrefix();
  const store = createRedisStore({
    redis: connection.client,
    prefix,
    seal,
    clock: systemClock,
    onError: (error) => errors.push(error),
    timeoutMs: 2000,
    ...keeping,
    ...changes,
  });
  return { store, errors, connection, prefix, client: connection.client };
}

describe('A cache in memory', () => {
  const make = async (keep: Partial<Keeping> = {}) =>
    createMemoryStore({ clock: systemClock, maxItems: 100, ...keeping, ...keep });
  cacheStoreContract(make);

  test('tells without waiting', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, 60_000));
    expect(store.peek('key', anything)?.result.rowsJson).toBe('[[1]]');
    expect(store.peek('key', () => false)).toBeUndefined();
  });

  test('the least recently used makes room', async () => {
    const store = createMemoryStore({ clock: systemClock, maxItems: 2, ...keeping });
    await store.set('a', entryFor(systemClock, 60_000));
    await store.set('b', entryFor(systemClock, 60_000));
    await store.get('a', anything);
    await store.set('c', entryFor(systemClock, 60_000));
    expect(store.peek('a', anything)).toBeDefined();
    expect(store.peek('b', anything)).toBeUndefined();
  });

  test('stays within its bytes, and takes no entry that is too large by itself', async () => {
    const store = createMemoryStore({ clock: systemClock, maxItems: 1000, maxBytes: 100_000, maxEntryBytes: 30_000, ...keeping });
    for (let index = 0; index < 50; index += 1) {
      await store.set(`key ${index}`, entryFor(systemClock, 60_000, { result: resultOf('x'.repeat(10_000)) }));
    }
    expect(store.size().bytes).toBeLessThanOrEqual(100_000);
    expect(store.size().items).toBeGreaterThan(5);
    await store.set('large', entryFor(systemClock, 60_000, { result: resultOf('x'.repeat(30_000)) }));
    expect(store.peek('large', anything)).toBeUndefined();
    // One character beyond Latin-1 doubles what a text takes.
    await store.set('wide', entryFor(systemClock, 60_000, { result: resultOf(`${'x'.repeat(20_000)}€`) }));
    expect(store.peek('wide', anything)).toBeUndefined();
  });
});

onRedis('A cache in Redis', (url) => {
  cacheStoreContract(async (keep = {}) => (await redisStore(url, keep)).store);

  test('two replicas share their entries', async () => {
    const { store, client, prefix } = await redisStore(url);
    await store.set('key', entryFor(systemClock, 60_000));
    const other = await redisStore(url, { prefix });
    expect(await other.store.get('key', anything)).toMatchObject({ costMs: 12 });
    expect(await client.pTTL(`${prefix}key`)).toBeLessThanOrEqual(60_000);
    expect(await client.pTTL(`${prefix}key`)).toBeGreaterThan(50_000);
  });

  test('Redis never sees a row', async () => {
    const { store, client, prefix } = await redisStore(url);
    await store.set('key', entryFor(systemClock, 60_000, { result: resultOf('[["Ann Secret"]]') }));
    expect(await client.get(`${prefix}key`)).not.toContain(Buffer.from('Secret').toString('base64url').slice(1, -1));
    expect(await client.get(`${prefix}key`)).not.toContain('Secret');
  });

  test('an entry moved to another key, altered, cut, or of another server’s keys is a miss and an error, never a crash', async () => {
    const { store, client, prefix, errors } = await redisStore(url);
    await store.set('store 1', entryFor(systemClock, 60_000));
    const sealed = (await client.get(`${prefix}store 1`)) ?? '';
    const foreign = createEnvelope(() => createKeyRing([newEncryptionKey('k1')]));
    const context = { purpose: 'cached result', tenant: 'store 2' };
    const planted = [
      sealed,
      sealed.slice(0, -3),
      sealed.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
      '',
      '{"v":1}',
      'null',
      foreign.seal('{}', context),
      seal.seal('not JSON', context),
      seal.seal('null', context),
      seal.seal(JSON.stringify({ v: 2, ...entryFor(systemClock, 60_000) }), context),
      seal.seal(JSON.stringify({ v: 1, ...entryFor(systemClock, 60_000), result: { columns: [] } }), context),
    ];
    for (const [index, text] of planted.entries()) {
      await client.set(`${prefix}store 2`, text);
      expect(await store.get('store 2', anything)).toBeUndefined();
      expect(errors.length).toBe(index + 1);
    }
    await client.set(`${prefix}store 2`, seal.seal(JSON.stringify({ v: 1, ...entryFor(systemClock, 60_000) }), context));
    expect(await store.get('store 2', anything)).toBeDefined();
  });

  test('a key of another kind is a miss', async () => {
    const { store, client, prefix, errors } = await redisStore(url);
    await client.hSet(`${prefix}key`, 'a', 'b');
    expect(await store.get('key', anything)).toBeUndefined();
    expect(String(errors[0])).toContain('WRONGTYPE');
  });

  test('an entry that is too large is not kept', async () => {
    const { store, client, prefix } = await redisStore(url, { maxEntryBytes: 1000 });
    await store.set('key', entryFor(systemClock, 60_000, { result: resultOf('x'.repeat(1000)) }));
    expect(await client.exists(`${prefix}key`)).toBe(0);
    await client.set(`${prefix}key`, 'x'.repeat(2000));
    expect(await store.get('key', anything)).toBeUndefined();
  });
});

describe('A Redis in trouble', () => {
  const never = () => new Promise<never>(() => {});
  function storeOn(redis: RedisTexts, clock: HandClock) {
    const errors: unknown[] = [];
    const store = createRedisStore({
      redis,
      prefix: '',
      seal,
      clock,
      onError: (error) => errors.push(error),
      timeoutMs: 30,
      ...keeping,
    });
    return { store, errors };
  }

  test('that hangs costs one call its deadline and the next ones nothing, until the pause is over', async () => {
    const clock = handClock();
    let asked = 0;
    const hanging = () => {
      asked += 1;
      return never();
    };
    const { store, errors } = storeOn({ get: hanging, set: hanging }, clock);
    expect(await store.get('key', anything)).toBeUndefined();
    expect(errors.map(String)).toEqual(['Error: Redis gave no answer within 30 ms']);
    await store.get('key', anything);
    await store.set('key', entryFor(clock, 60_000));
    expect(asked).toBe(1);
    clock.advance(1000);
    await store.set('key', entryFor(clock, 60_000));
    expect(asked).toBe(2);
    expect(errors.length).toBe(2);
  });
});

describe('A cache of two levels', () => {
  const levels = () => {
    const clock = handClock();
    const near = createMemoryStore({ clock, maxItems: 10, ...keeping });
    const far = createMemoryStore({ clock, maxItems: 10, ...keeping });
    return { clock, near, far, store: createTieredStore([near, far]) };
  };

  test('keeps in both, and asks the nearer one first', async () => {
    const { clock, near, far, store } = levels();
    await store.set('key', entryFor(clock, 60_000));
    expect(near.peek('key', anything)).toBeDefined();
    expect(far.peek('key', anything)).toBeDefined();
    await far.set('key', entryFor(clock, 60_000, { stamp: 'far' }));
    expect((await store.get('key', anything))?.stamp).not.toBe('far');
    expect(store.peek('key', anything)?.stamp).not.toBe('far');
    expect((await store.get('key', ({ stamp }) => stamp === 'far'))?.stamp).toBe('far');
    expect(store.peek('none', anything)).toBeUndefined();
    expect(await store.get('none', anything)).toBeUndefined();
  });

  test('what the farther one has comes nearer for the time that is left of it', async () => {
    const { clock, near, far, store } = levels();
    await far.set('key', entryFor(clock, 100_000));
    clock.advance(70_000);
    expect(await store.get('key', anything)).toBeDefined();
    clock.advance(29_000);
    expect(near.peek('key', anything)).toBeDefined();
    clock.advance(1001);
    expect(near.peek('key', anything)).toBeUndefined();
  });
});
