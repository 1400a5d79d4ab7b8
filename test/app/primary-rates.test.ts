import cluster from 'node:cluster';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerTakes, createPrimaryRateStore, type TakeChannel } from '../../src/app/primary-rates.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createMemoryRateStore } from '../../src/resilience/memory-rate-store.ts';

const bucket = { intervalMs: 60_000, burst: 3 };

test('two workers take from one bucket, each gets its own answers, and one that is gone is an error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zava-rates-'));
  const exec = join(folder, 'worker.mjs');
  // It hands on what the test's end says, and what the primary answers.
  await writeFile(
    exec,
    "process.on('message', (m) => process.send(m.taken === undefined ? m : { heard: m })); process.send({});",
  );
  cluster.setupPrimary({ exec, args: [] });
  const store = createMemoryRateStore({ clock: systemClock });
  const workers = [cluster.fork(), cluster.fork()];
  const stores = workers.map((worker) => {
    answerTakes(worker, store);
    const channel: TakeChannel = {
      on: (_event, listener) => worker.on('message', ({ heard }) => heard !== undefined && listener(heard)),
      send: (message, _handle, _options, sent) => worker.process.send(message, undefined, undefined, sent),
    };
    return createPrimaryRateStore(channel);
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const waits = await Promise.all([0, 1, 0, 1, 0].map((index) => stores[index]!.take('ann', bucket)));
  expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(3);
  expect(waits.filter((waitMs) => waitMs > 59_000 && waitMs <= 60_000)).toHaveLength(2);
  expect(await stores[1]!.take('bob', bucket)).toBe(0);
  for (const worker of workers) worker.process.kill('SIGKILL');
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  await expect(stores[0]!.take('ann', bucket)).rejects.toThrow();
  await rm(folder, { recursive: true, force: true });
});
