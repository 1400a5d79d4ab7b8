import { expect, test } from 'vitest';
import { taskPlace } from '../../src/app/task-place.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { RedisConnection } from '../../src/resilience/redis-connection.ts';
import { createKeyRing, newEncryptionKey } from '../../src/vault/key-ring.ts';

const ring = () => createKeyRing([newEncryptionKey('test')]);
const redis = { client: {} } as RedisConnection;
const place = (env: Record<string, string>, shared?: RedisConnection) =>
  taskPlace({ config: loadConfig({}, env), redis: shared, ring, note: () => {} });

test('one process keeps its tasks in memory, for the longest call and the time to fetch its answer', () => {
  expect(place({ TASK_TTL_SECONDS: '60', POSTGRES_COMMAND_TIMEOUT: '20' })).toEqual({ store: undefined, ttlMs: 80_000 });
});

test('several processes keep them in Redis, or offer none', () => {
  for (const env of [{ REPLICAS_EXPECTED: '2' }, { SERVER_WORKERS: '2', DATABASE_URL: 'postgresql://u:p@127.0.0.1/d' }]) {
    expect(place(env)).toBeUndefined();
    expect(place(env, redis)?.store).toBeDefined();
  }
});

test('a time of 0 switches tasks off', () => {
  expect(place({ TASK_TTL_SECONDS: '0' }, redis)).toBeUndefined();
});
