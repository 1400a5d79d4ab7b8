import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { RevocationStore } from './revocation.ts';

/** What is needed of a Redis client; node-redis has it. */
export interface RedisSortedSet {
  zAdd(key: string, member: { score: number; value: string }): Promise<unknown>;
  zRangeByScore(key: string, min: number, max: number | string): Promise<string[]>;
  zRemRangeByScore(key: string, min: number | string, max: number): Promise<unknown>;
}

export interface RedisRevocationOptions {
  readonly redis: RedisSortedSet;
  readonly prefix: string;
  readonly clock: Clock;
}

const entry = z.strictObject({
  by: z.enum(['jti', 'subject']),
  value: z.string(),
  revokedAt: z.number(),
  expiresAt: z.number(),
  reason: z.string(),
});

/** A second copy for the time in which the database is away: one sorted set, by expiry. */
export function createRedisRevocation({ redis, prefix, clock }: RedisRevocationOptions): RevocationStore {
  const key = `${prefix}revocations`;
  return {
    async add(revocation) {
      await redis.zRemRangeByScore(key, '-inf', clock.now() - 120_000);
      await redis.zAdd(key, { score: revocation.expiresAt, value: JSON.stringify(revocation) });
    },
    async news() {
      const members = await redis.zRangeByScore(key, clock.now() - 60_000, '+inf');
      return members.map((member) => entry.parse(JSON.parse(member)));
    },
  };
}
