import { type ClaimPlace, claimSlackMs, claimsKeptMs, endClaims } from './claims.ts';

/** What is needed of a Redis client; node-redis has it. */
export interface RedisClaimScripting {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

export interface RedisClaimsOptions {
  readonly redis: RedisClaimScripting;
  /** Begins every key, so that installations can share a Redis. */
  readonly prefix: string;
  /** Names this process among all that share the Redis. */
  readonly holder: string;
  readonly cooldownMs: number;
  /** A holder renews at every evaluation: one that is silent for longer has ended. */
  readonly silentMs: number;
}

// By the one clock of Redis, and each in one step. A hash for each alert: who told of it, when, and when it was last seen there.
const now =
  "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) local text = string.format('%d', now)";
const beginScript = `${now}
local told = redis.call('HGET', KEYS[1], 'told')
if told and now - tonumber(told) < tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'told', text, 'seen', text)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;
const endScript = `${now}
local holder = redis.call('HGET', KEYS[1], 'holder')
if not holder then return 0 end
if holder ~= ARGV[1] and now - tonumber(redis.call('HGET', KEYS[1], 'seen')) < tonumber(ARGV[2]) then return 2 end
redis.call('HDEL', KEYS[1], 'holder')
return 1`;
const renewScript = `${now}
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HSET', KEYS[1], 'seen', text) end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'told', text, 'seen', text)
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1`;

/** Settles who tells while the database, which is what most alerts are about, does not answer. */
export function createRedisClaims({ redis, prefix, holder, cooldownMs, silentMs }: RedisClaimsOptions): ClaimPlace {
  const run = async (script: string, alert: string, ...values: (string | number)[]) =>
    Number(await redis.eval(script, { keys: [`${prefix}alert:${alert}`], arguments: values.map(String) }));
  return {
    begin: async (alert) => (await run(beginScript, alert, holder, cooldownMs - claimSlackMs, claimsKeptMs)) === 1,
    end: async (alert) => endClaims[await run(endScript, alert, holder, silentMs)] ?? 'over',
    async renew(alerts) {
      await Promise.all(alerts.map((alert) => run(renewScript, alert, holder, claimsKeptMs)));
    },
  };
}
