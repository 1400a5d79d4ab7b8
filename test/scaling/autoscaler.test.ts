import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Observation } from '../../src/core/observation.ts';
import { openRedis, type RedisConnection } from '../../src/resilience/redis-connection.ts';
import { createAdviseOnly } from '../../src/scaling/advise-only.ts';
import { createAutoscaler } from '../../src/scaling/autoscaler.ts';
import { createLocalWorkers } from '../../src/scaling/local-workers.ts';
import { defaultPolicy, type ScalingSignals } from '../../src/scaling/policy.ts';
import { createProcessSignals } from '../../src/scaling/process-signals.ts';
import { createRedisSignalBoard } from '../../src/scaling/redis-signal-board.ts';
import { createOwnBoard, type SignalBoard } from '../../src/scaling/signal-board.ts';
import { handClock } from '../support/hand-clock.ts';
import { onRedis, until } from '../support/redis.ts';

const busy: ScalingSignals = { cpuPercent: 95, memoryPercent: 40, queue: 3 };
const idle: ScalingSignals = { cpuPercent: 2, memoryPercent: 30, queue: 0 };

function counted(start: number) {
  let count = start;
  const set: number[] = [];
  const workers = {
    get: () => count,
    set(next: number) {
      count = next;
      set.push(next);
    },
  };
  return { target: createLocalWorkers(workers), set };
}

describe('an autoscaler', () => {
  function scaler(signals: { now: ScalingSignals }, target = counted(2)) {
    const clock = handClock();
    const board = createOwnBoard({ clock });
    const noted: Observation[] = [];
    const note = (seen: Observation) => noted.push(seen);
    const one = createAutoscaler({ target: target.target, board, measure: () => signals.now, policy: defaultPolicy, note });
    return { ...one, clock, board, noted, set: target.set };
  }

  test('measures, decides and acts, and says why', async () => {
    const signals = { now: busy };
    const { round, desired, clock, noted, set } = scaler(signals);
    expect(desired()).toBeUndefined();
    await round();
    expect(set).toEqual([3]);
    expect(noted).toEqual([
      { kind: 'scaling_decided', direction: 'up', current: 2, desired: 3, reasons: ['CPU 95 % is above 80 %'], done: true },
    ]);
    await round();
    expect(set).toEqual([3]);
    clock.advance(60_000);
    await round();
    expect(set).toEqual([3, 4]);
    signals.now = idle;
    clock.advance(299_000);
    await round();
    expect(desired()).toBe(4);
    clock.advance(1000);
    await round();
    expect(set).toEqual([3, 4, 3]);
    expect(desired()).toBe(3);
  });

  test('that only advises says it once, and changes nothing', async () => {
    const clock = handClock();
    const board = createOwnBoard({ clock });
    const noted: Observation[] = [];
    board.hear(1, busy);
    board.hear(2, busy);
    const target = createAdviseOnly(async () => (await board.read()).length);
    const { round, desired } = createAutoscaler({ target, board, policy: defaultPolicy, note: (seen) => noted.push(seen) });
    for (let time = 0; time < 3; time += 1) await round();
    expect(noted).toEqual([expect.objectContaining({ kind: 'scaling_decided', desired: 3, done: false })]);
    expect(desired()).toBe(3);
    board.hear(1, idle);
    board.hear(2, idle);
    await round();
    board.hear(1, busy);
    board.hear(2, busy);
    await round();
    expect(noted).toHaveLength(1);
  });

  test('instances that have said nothing for a while, or have ended, count no more', async () => {
    const clock = handClock();
    const board = createOwnBoard({ clock });
    board.hear(1, busy);
    clock.advance(30_000);
    board.hear(2, idle);
    expect(await board.read()).toEqual([busy, idle]);
    clock.advance(16_000);
    expect(await board.read()).toEqual([idle]);
    board.forget(2);
    expect(await board.read()).toEqual([]);
  });

  test('tells a fault of its target once, does not repeat the change at once, and goes on', async () => {
    const clock = handClock();
    let failing = true;
    const noted: Observation[] = [];
    const calls: number[] = [];
    const target = {
      current: async () => 2,
      async scaleTo(count: number) {
        calls.push(count);
        if (failing) throw new Error('the platform is away');
      },
    };
    const board = createOwnBoard({ clock });
    const options = { target, board, measure: () => busy, policy: defaultPolicy, note: (seen: Observation) => noted.push(seen) };
    const one = createAutoscaler({ ...options, everyMs: 5 });
    one.start();
    await until('it has tried', () => calls.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(calls).toEqual([3]);
    failing = false;
    clock.advance(60_000);
    await until('it has tried again', () => calls.length === 2);
    await one.close();
    expect(noted.map(({ kind }) => kind)).toEqual(['fault_met', 'scaling_decided']);
  });
});

onRedis('replicas that meet in Redis', (url) => {
  let redis: RedisConnection;
  const prefix = `t${randomUUID().slice(0, 8)}:`;
  beforeAll(async () => {
    redis = openRedis({ url, note: () => {} });
    await until('Redis is connected', () => redis.client.isReady);
  });
  afterAll(async () => {
    for (const key of await redis.client.keys(`${prefix}*`)) await redis.client.del(key);
    await redis.close();
  });
  const board = (instance: string, own = prefix): SignalBoard =>
    createRedisSignalBoard({ redis: redis.client, prefix: own, instance });

  test('hear each other, and one of them leads until it is gone', async () => {
    const [a, b] = [board('a'), board('b')];
    await a.tell(busy);
    await b.tell(idle);
    await b.tell({ ...idle, queue: 7 });
    expect(await a.read()).toEqual(expect.arrayContaining([busy, { ...idle, queue: 7 }]));
    expect(await b.read()).toHaveLength(2);
    expect(await a.lead(80)).toBe(true);
    expect(await b.lead(80)).toBe(false);
    expect(await a.lead(80)).toBe(true);
    await until('b leads', () => b.lead(1000));
    expect(await a.lead(80)).toBe(false);
  });

  test('remember a change of each other’s', async () => {
    const [a, b] = [board('a', `${prefix}x:`), board('b', `${prefix}x:`)];
    expect(await a.sinceChangeMs()).toBe(Number.POSITIVE_INFINITY);
    await a.noteChange();
    expect(await b.sinceChangeMs()).toBeLessThan(5000);
  });

  test('believe nothing that is no measurement', async () => {
    const one = board('a', `${prefix}y:`);
    await one.tell(busy);
    const now = Date.now() + 1000;
    const key = `${prefix}y:scaling:signals`;
    await redis.client.hSet(key, 'b', `${now} {"cpuPercent":-5,"memoryPercent":1,"queue":0}`);
    await redis.client.hSet(key, 'c', `${now} not json`);
    await redis.client.hSet(key, 'd', 'no time');
    await redis.client.hSet(key, 'e', `${now - 3_600_000} ${JSON.stringify(busy)}`);
    expect(await one.read()).toEqual([busy]);
  });

  test('two autoscalers change the number once', async () => {
    const target = counted(2);
    const scalers = ['a', 'b'].map((instance) => {
      const shared = board(instance, `${prefix}z:`);
      return createAutoscaler({
        target: target.target,
        board: shared,
        measure: () => busy,
        policy: defaultPolicy,
        note: () => {},
      });
    });
    for (let time = 0; time < 3; time += 1) await Promise.all(scalers.map(({ round }) => round()));
    expect(target.set).toEqual([3]);
    expect(scalers.map(({ desired }) => desired()).filter((one) => one !== undefined)).toEqual([3]);
  });
});

test('a process measures itself', async () => {
  const clock = handClock();
  const measure = createProcessSignals({ clock, waiting: () => 12 });
  const until = performance.now() + 50;
  while (performance.now() < until);
  clock.advance(100);
  const { cpuPercent, memoryPercent, queue } = measure();
  expect(cpuPercent).toBeGreaterThan(10);
  expect(cpuPercent).toBeLessThanOrEqual(100);
  expect(memoryPercent).toBeGreaterThan(0);
  expect(queue).toBe(12);
  clock.advance(1_000_000);
  expect(measure().cpuPercent).toBeLessThan(1);
  expect(createProcessSignals({ clock, waiting: () => 0, sharing: 2 })().memoryPercent).toBeGreaterThan(memoryPercent * 1.5);
});
