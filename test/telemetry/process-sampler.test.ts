import { expect, test } from 'vitest';
import { allowedCpus, createProcessSampler } from '../../src/telemetry/process-sampler.ts';

const clock = { monotonic: () => performance.now() };

test('a process that computes shows it in CPU and event loop, and one that waits does not', async () => {
  const sampler = createProcessSampler({ clock, everyMs: 3_600_000, cpus: 1 });
  const until = performance.now() + 200;
  while (performance.now() < until);
  const busy = sampler.take();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const waiting = sampler.take();
  sampler.close();
  expect(busy.loopUtilisation).toBeGreaterThan(0.5);
  expect(waiting.loopUtilisation).toBeLessThan(busy.loopUtilisation);
  expect(waiting.cpuShare).toBeLessThan(busy.cpuShare);
  expect(busy.rssBytes).toBeGreaterThan(10_000_000);
  expect(busy.memoryLimitBytes).toBeGreaterThan(busy.rssBytes);
  expect(sampler.latest()).toBe(waiting);
});

test('samples are taken at intervals, each told', async () => {
  let told = 0;
  const sampler = createProcessSampler({ clock, everyMs: 10, onSample: () => (told += 1) });
  await expect.poll(() => told).toBeGreaterThan(1);
  sampler.close();
});

test.each([
  ['200000 100000\n', 8, 2],
  ['50000 100000', 8, 0.5],
  ['max 100000\n', 8, 8],
  ['1600000 100000', 4, 4],
  ['', 8, 8],
  [undefined, 8, 8],
])('a container’s limit %j on a machine of %i CPUs is %d', (cpuMax, machine, cpus) => {
  expect(allowedCpus(cpuMax, machine)).toBe(cpus);
});
