import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { adviceFor, scaleWorkers, scalingPolicy, startScaling } from '../../src/app/autoscaling.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { defaultPolicy } from '../../src/scaling/policy.ts';
import { until } from '../support/redis.ts';

const configOf = (env: Record<string, string>) => loadConfig({ serving: 'nothing' }, env);
const busy = { cpuPercent: 95, memoryPercent: 10, queue: 0 };
const parts = { database: { load: () => ({ slots: 4, running: 0, waiting: 0 }) }, redis: undefined, clock: systemClock };

test('the settings are the policy', () => {
  expect(scalingPolicy(configOf({}))).toEqual(defaultPolicy);
  const env = { AUTOSCALE_MIN: '3', AUTOSCALE_UP: 'proportional', AUTOSCALE_COOLDOWN_UP_SECONDS: '5' };
  expect(scalingPolicy(configOf({ ...env, AUTOSCALE_COOLDOWN_DOWN_SECONDS: '7' }), 9)).toMatchObject({
    ...{ min: 3, max: 9, upBy: 'proportional', cooldownUpMs: 5000, cooldownDownMs: 7000 },
  });
});

test('the primary counts what its workers tell, until they end', async () => {
  const noted: Observation[] = [];
  const config = configOf({ AUTOSCALE_MIN: '1', AUTOSCALE_INTERVAL_SECONDS: '1', AUTOSCALE_COOLDOWN_UP_SECONDS: '1' });
  const { onWorker, onStarted, desired, close } = scaleWorkers({
    config,
    max: 3,
    clock: systemClock,
    note: (seen) => noted.push(seen),
  });
  const worker = Object.assign(new EventEmitter(), { id: 1 });
  onWorker(worker as unknown as Worker);
  worker.emit('message', { take: 1 });
  worker.emit('message', { scalingSignals: busy });
  let count = 1;
  onStarted({
    get: () => count,
    set: (next) => {
      count = next;
    },
  });
  await until('there are more', () => count === 2);
  worker.emit('exit');
  await until('it had a round without measurements', () => noted.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 1300));
  expect(count).toBe(2);
  expect(desired()).toBe(2);
  await close();
  await scaleWorkers({ config, max: 3, clock: systemClock, note: () => {} }).close();
});

test('a process alone advises about itself; one that is not to does nothing', async () => {
  const noted: Observation[] = [];
  const note = (seen: Observation) => noted.push(seen);
  const off = startScaling({ ...parts, config: configOf({}), note });
  expect(off.desired()).toBeUndefined();
  await off.close();
  const advising = startScaling({ ...parts, config: configOf({ AUTOSCALE: 'advise', AUTOSCALE_INTERVAL_SECONDS: '1' }), note });
  await until('it has advised', () => noted.length > 0);
  expect(noted).toEqual([
    expect.objectContaining({
      kind: 'scaling_decided',
      current: 1,
      desired: 2,
      done: false,
      reasons: ['1 are fewer than the least, 2'],
    }),
  ]);
  expect(advising.desired()).toBe(2);
  await advising.close();
});

test('workers tell their primary, and replicas of a container app begin without asking Azure', async () => {
  for (const env of [{ AUTOSCALE: 'workers' }, { AUTOSCALE: 'container-apps', AUTOSCALE_CONTAINER_APP: containerApp }]) {
    const scaling = startScaling({ ...parts, config: configOf(env), note: () => {} });
    expect(scaling.desired()).toBeUndefined();
    await scaling.close();
  }
});

test('replicas of several workers each are counted as replicas', async () => {
  const target = adviceFor({ read: async () => [busy, busy, busy, busy, busy] }, 2);
  expect([await target.current(), target.adviceOnly]).toEqual([3, true]);
});

const containerApp = '/subscriptions/0000/resourceGroups/zava/providers/Microsoft.App/containerApps/zava-mcp';

test('a resource id of something else is refused', () => {
  expect(() => configOf({ AUTOSCALE_CONTAINER_APP: `${containerApp}/../x` })).toThrow(/AUTOSCALE_CONTAINER_APP/);
  expect(() => configOf({ AUTOSCALE_CONTAINER_APP: 'https://example.com' })).toThrow(/AUTOSCALE_CONTAINER_APP/);
});
