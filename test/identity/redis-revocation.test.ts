import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRedisRevocation } from '../../src/identity/redis-revocation.ts';
import type { Revocation } from '../../src/identity/revocation.ts';
import { openRedis, type RedisConnection } from '../../src/resilience/redis-connection.ts';
import { handClock } from '../support/hand-clock.ts';
import { onRedis, ownPrefix, until } from '../support/redis.ts';

onRedis('revocations in Redis', (url) => {
  let connection: RedisConnection;
  let prefix: string;
  beforeEach(async () => {
    prefix = ownPrefix();
    connection = openRedis({ url, note: () => {} });
    await until('Redis is connected', () => connection.client.isReady);
  });
  afterEach(async () => {
    await connection.client.del(`${prefix}revocations`);
    await connection.close();
  });

  const clock = handClock();
  const store = () => createRedisRevocation({ redis: connection.client, prefix, clock });
  const entry = (value: string, livesMs: number): Revocation => ({
    by: 'jti',
    value,
    revokedAt: clock.now(),
    expiresAt: clock.now() + livesMs,
    reason: 'lost "laptop"\n',
  });

  test('are given to every replica as they were', async () => {
    const revocation = entry('j1', 1000);
    await store().add(revocation);
    await store().add(revocation);
    expect(await store().news()).toEqual([revocation]);
  });

  test('that have expired are neither given nor kept', async () => {
    await store().add(entry('old', 1000));
    clock.advance(62_000);
    expect(await store().news()).toEqual([]);
    clock.advance(60_000);
    await store().add(entry('new', 1000));
    expect(await connection.client.zCard(`${prefix}revocations`)).toBe(1);
  });

  test('that somebody tampered with are an outage, never an empty list', async () => {
    await connection.client.zAdd(`${prefix}revocations`, { score: clock.now() + 1e6, value: '{"by":"nobody"}' });
    await expect(store().news()).rejects.toThrow();
  });
});
