import { z } from 'zod';
import type { ScalingSignals } from './policy.ts';
import { type SignalBoard, signalsLiveMs } from './signal-board.ts';

/** What is needed of a Redis client; node-redis has it. */
export interface RedisScripting {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

export interface RedisSignalBoardOptions {
  readonly redis: RedisScripting;
  /** Begins every key, so that installations can share a Redis. */
  readonly prefix: string;
  /** Names this instance; another one after a restart. */
  readonly instance: string;
}

/** What is in Redis may come from an older release, or from anybody. */
const told = z.object({
  cpuPercent: z.number().min(0).max(100),
  memoryPercent: z.number().min(0).max(100),
  queue: z.number().int().min(0),
});

// By the one clock of Redis, and each in one step. A hash of `<instance>` to `<time> <signals>`.
const now = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)";
const tell = `${now}
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'told'`;
const read = `${now}
local all = redis.call('HGETALL', KEYS[1])
local live = {}
for i = 1, #all, 2 do
  local at, text = string.match(all[i + 1], '^(%d+) (.*)$')
  if at and now - tonumber(at) <= tonumber(ARGV[1]) then table.insert(live, text) else redis.call('HDEL', KEYS[1], all[i]) end
end
return live`;
const lead = `
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;
const noteChange = `${now} return redis.call('SET', KEYS[1], string.format('%d', now))`;
const sinceChange = `${now}
local at = redis.call('GET', KEYS[1])
if not at then return -1 end
return now - tonumber(at)`;

/** Where the replicas of several machines meet. */
export function createRedisSignalBoard({ redis, prefix, instance }: RedisSignalBoardOptions): SignalBoard {
  const run = (script: string, key: string, ...values: (string | number)[]) =>
    redis.eval(script, { keys: [`${prefix}scaling:${key}`], arguments: values.map(String) });
  return {
    tell: async (signals) => void (await run(tell, 'signals', instance, JSON.stringify(signals), signalsLiveMs)),
    async read() {
      const texts = (await run(read, 'signals', signalsLiveMs)) as string[];
      return texts.flatMap((text) => parsed(text) ?? []);
    },
    lead: async (termMs) => Number(await run(lead, 'leader', instance, termMs)) === 1,
    noteChange: async () => void (await run(noteChange, 'changed')),
    async sinceChangeMs() {
      const since = Number(await run(sinceChange, 'changed'));
      return since < 0 ? Number.POSITIVE_INFINITY : since;
    },
  };
}

function parsed(text: string): ScalingSignals | undefined {
  try {
    return told.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
