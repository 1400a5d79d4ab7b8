import { z } from 'zod';
import { within } from '../../core/within.ts';
import type { TaskRecord } from './task.ts';
import type { TaskStore } from './task-store.ts';

/** What is needed of a Redis client; node-redis has it. */
export interface RedisTasks {
  get(key: string): Promise<string | null>;
  mGet(keys: string[]): Promise<(string | null)[]>;
  set(key: string, value: string, options: { expiration: { type: 'PX'; value: number } }): Promise<unknown>;
}

/** Authenticated encryption that binds a text to its context: `vault/envelope.ts`. `open` throws for anything it did not seal. */
export interface TaskSeal {
  seal(plain: string, context: { readonly purpose: string; readonly tenant: string }): string;
  open(sealed: string, context: { readonly purpose: string; readonly tenant: string }): Uint8Array;
}

export interface RedisTaskStoreOptions {
  readonly redis: RedisTasks;
  /** Begins every key, so that installations can share a Redis. */
  readonly prefix: string;
  readonly seal: TaskSeal;
  readonly timeoutMs?: number;
  /** What is in Redis is not what this server writes: it counts as nothing. */
  readonly onForeign: (error: unknown) => void;
}

const record = z.strictObject({
  status: z.enum(['working', 'completed', 'failed', 'cancelled']),
  callId: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
  leaseUntil: z.number().optional(),
  answer: z
    .strictObject({
      text: z.string(),
      structuredJson: z.string().optional(),
      isError: z.literal(true).optional(),
      rowCount: z.number().optional(),
    })
    .optional(),
});

/** Sealed for their own key: whoever can write to Redis can neither read answers there nor plant any. */
export function createRedisTaskStore({ redis, prefix, seal, onForeign, timeoutMs = 500 }: RedisTaskStoreOptions): TaskStore {
  const place = (key: string) => `${prefix}task:${key}`;
  const wish = (key: string) => `${prefix}task-cancel:${key}`;
  const context = (key: string) => ({ purpose: 'task', tenant: key });
  const late = () => new Error(`Redis gave no answer within ${timeoutMs} ms`);
  const ask = <T>(command: Promise<T>) => within(timeoutMs, command, late);
  const forMs = (ttlMs: number) => ({ expiration: { type: 'PX' as const, value: Math.max(1, Math.ceil(ttlMs)) } });

  return {
    async put(key, task, ttlMs) {
      await ask(redis.set(place(key), seal.seal(JSON.stringify(task), context(key)), forMs(ttlMs)));
    },
    async get(key) {
      const sealed = await ask(redis.get(place(key)));
      if (sealed === null) return undefined;
      try {
        return record.parse(JSON.parse(Buffer.from(seal.open(sealed, context(key))).toString())) as TaskRecord;
      } catch (error) {
        onForeign(error);
        return undefined;
      }
    },
    async askToCancel(key, ttlMs) {
      await ask(redis.set(wish(key), seal.seal('cancel', context(key)), forMs(ttlMs)));
    },
    async toCancel(keys) {
      if (keys.length === 0) return [];
      const wishes = await ask(redis.mGet(keys.map(wish)));
      return keys.filter((key, index) => isWish(wishes[index], key));
    },
  };

  /** Of whoever holds the key of this server: a stranger in Redis can end no call. */
  function isWish(sealed: string | null | undefined, key: string): boolean {
    if (sealed == null) return false;
    try {
      return Buffer.from(seal.open(sealed, context(key))).toString() === 'cancel';
    } catch {
      return false;
    }
  }
}
