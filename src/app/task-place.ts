import { processesExpected } from '../config/process-count.ts';
import type { Config } from '../config/schema.ts';
import type { Note } from '../core/observation.ts';
import { createRedisTaskStore } from '../mcp/tasks/redis-task-store.ts';
import type { TasksOptions } from '../mcp/tasks/tasks.ts';
import type { RedisConnection } from '../resilience/redis-connection.ts';
import { createEnvelope } from '../vault/envelope.ts';
import type { KeyRing } from '../vault/key-ring.ts';

export interface TaskPlaceOptions {
  readonly config: Config;
  readonly redis?: RedisConnection | undefined;
  /** Seals what is kept in Redis. */
  readonly ring: () => KeyRing;
  readonly note: Note;
}

/**
 * Where tasks are kept. A request may reach any process: several of them offer tasks only where a Redis joins them. Undefined =
 * no tasks are offered, and every call is answered by itself.
 */
export function taskPlace({ config, redis, ring, note }: TaskPlaceOptions): Pick<TasksOptions, 'store' | 'ttlMs'> | undefined {
  const { taskTtlSeconds, postgresCommandTimeoutSeconds, postgresRolePrefix } = config;
  const isAlone = processesExpected(config) === 1;
  if (taskTtlSeconds === 0 || (redis === undefined && !isAlone)) return undefined;
  const store =
    redis &&
    createRedisTaskStore({
      redis: redis.client,
      prefix: `${postgresRolePrefix}:`,
      seal: createEnvelope(ring),
      onForeign: (error) => note({ kind: 'fault_met', where: 'tasks', error }),
    });
  // The longest call still leaves its answer for that long.
  return { store, ttlMs: (taskTtlSeconds + postgresCommandTimeoutSeconds) * 1000 };
}
