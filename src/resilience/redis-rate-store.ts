import type { RateStore } from './rate-limiter.ts';

/** What is needed of a Redis client; node-redis has it. */
export interface RedisScripting {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

export interface RedisRateStoreOptions {
  readonly redis: RedisScripting;
  /** Begins every key, so that installations can share a Redis. */
  readonly prefix: string;
}

/**
 * `takeToken` where all replicas meet: one step, by the one clock of Redis. A bucket that is full again is no key at all.
 * Numbers travel as text, since Redis cuts those of Lua to integers.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local from = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = from - now - interval * (burst - 1)
if wait > 0 then return string.format('%.3f', wait) end
redis.call('SET', KEYS[1], string.format('%.3f', from + interval), 'PX', math.ceil(from + interval - now))
return '0'
`;

/** Buckets that all replicas share, and that outlive a restart. */
export function createRedisRateStore({ redis, prefix }: RedisRateStoreOptions): RateStore {
  return {
    async take(key, { intervalMs, burst }) {
      const waitMs = Number(await redis.eval(script, { keys: [`${prefix}${key}`], arguments: [`${intervalMs}`, `${burst}`] }));
      if (Number.isNaN(waitMs)) throw new Error('Redis gave no number for a rate limit');
      return waitMs;
    },
  };
}
