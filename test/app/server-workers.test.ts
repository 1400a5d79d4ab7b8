import { type ChildProcess, fork } from 'node:child_process';
import cluster from 'node:cluster';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionBounds, connectionShare, openDatabase } from '../../src/app/adapters.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import {
  createRestartPolicy,
  freePort,
  numbered,
  type PrimaryChannel,
  runServerWorkers,
  underPrimary,
  workerNumber,
} from '../../src/app/server-workers.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createMemoryRateStore } from '../../src/resilience/memory-rate-store.ts';
import { fewerWorkers, type WorkerCount } from '../../src/scaling/local-workers.ts';
import { realServers, signingKey } from '../support/databases.ts';

describe('a worker that dies', () => {
  test('is replaced later and later, and not any more after five early deaths', () => {
    const policy = createRestartPolicy();
    expect([1, 2, 3, 4, 5].map(() => policy.afterDeath(29_999))).toEqual([100, 400, 1600, 6400, undefined]);
  });

  test('after a good start is replaced at once, and what was before is forgotten', () => {
    const policy = createRestartPolicy();
    for (const livedMs of [10, 10, 10, 10]) policy.afterDeath(livedMs);
    expect(policy.afterDeath(30_000)).toBe(0);
    expect(policy.afterDeath(10)).toBe(100);
  });
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zava-workers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the primary', () => {
  /** A program of a few lines in place of the server: what it does is `body`. */
  async function primary(name: string, body: string, { count = 2, patienceMs = 5000 } = {}) {
    const exec = join(folder, `${name}.mjs`);
    await writeFile(
      exec,
      `import { createServer } from 'node:net';
       import cluster from 'node:cluster';
       import { appendFileSync, readFileSync } from 'node:fs';
       process.on('disconnect', () => process.exit());
       const [log, port] = process.argv.slice(2);
       const tell = (text) => appendFileSync(log, text + '\\n');
       const listen = () => createServer().listen(Number(port), '127.0.0.1');
       const heed = () => {
         process.on('message', ({ stop }) => { tell('stop ' + stop); process.exit(0); });
         process.send('hearing');
       };
       tell('start ' + process.env.PLACE);
       ${body}`,
    );
    const told = join(folder, `${name}.log`);
    const stop = new AbortController();
    const noted: Observation[] = [];
    let workers: WorkerCount | undefined;
    const seen: number[] = [];
    const done = runServerWorkers({
      onStarted: (given) => {
        workers = given;
      },
      onWorker: ({ id }) => void seen.push(id),
      ...{ count, exec, patienceMs, clock: systemClock, stop: stop.signal, rates: createMemoryRateStore({ clock: systemClock }) },
      args: [told, String(await freePort('127.0.0.1'))],
      envOf: (place) => ({ PLACE: String(place) }),
      note: (observation) => noted.push(observation),
    });
    const lines = async () => (await readFile(told, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
    const stopBy = (cause: string) => stop.abort(new Error('stopped', { cause }));
    const faults = () => noted.map((seen) => (seen.kind === 'fault_met' ? (seen.error as Error).message : seen.kind));
    return { done, lines, stopBy, faults, seen, workers: () => workers };
  }
  const waiting = { timeout: 15_000, interval: 20 };

  test('starts the first worker, then the others, and passes the stop on with its reason', async () => {
    const { done, lines, stopBy, faults } = await primary('plain', 'heed(); listen();', { count: 12 });
    await expect.poll(lines, waiting).toHaveLength(12);
    const starts = await lines();
    expect(starts[0]).toBe('start 1');
    expect(new Set(starts).size).toBe(12);
    await new Promise((resolve) => setTimeout(resolve, 300));
    stopBy('SIGTERM');
    expect(await done).toBe(0);
    expect((await lines()).filter((line) => line === 'stop SIGTERM')).toHaveLength(12);
    expect(faults()).toEqual([]);
  });

  test('ends with the first worker’s own code when that cannot start, and starts no other', async () => {
    const { done, lines, faults } = await primary('misconfigured', 'process.exit(78);');
    expect(await done).toBe(78);
    expect(await lines()).toEqual(['start 1']);
    expect(faults()).toEqual([]);
  });

  test('ends with 1 when the first worker is killed before it listens', async () => {
    const { done } = await primary('killed', "process.kill(process.pid, 'SIGKILL');");
    expect(await done).toBe(1);
  });

  test('starts a worker again in its place', async () => {
    const body = `heed(); listen();
      const isFirst = !readFileSync(log, 'utf8').includes('start 2\\nstart 2');
      if (process.env.PLACE === '2' && isFirst) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);`;
    const { done, lines, stopBy, faults } = await primary('again', body);
    await expect.poll(lines, waiting).toEqual(['start 1', 'start 2', 'start 2']);
    expect(faults()).toEqual([expect.stringMatching(/^Worker \d+ has ended \(SIGKILL\): another one takes its place$/)]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    stopBy('SIGINT');
    expect(await done).toBe(0);
  });

  test('gives up with 1 when a worker dies five times, and stops the others', async () => {
    const { done, lines, faults } = await primary('dying', 'heed(); listen(); if (process.env.PLACE === "2") process.exit(3);');
    expect(await done).toBe(1);
    expect(faults()).toHaveLength(5);
    expect(faults().at(-1)).toMatch(/^Worker \d+ has ended \(exit code 3\): the workers keep dying, so the server stops$/);
    expect((await lines()).at(-1)).toBe('stop the workers keep dying');
  });

  test('does not wait out a pause when it is asked to stop', async () => {
    const { done, stopBy, faults } = await primary(
      'pausing',
      'heed(); listen(); if (process.env.PLACE === "2") process.exit(3);',
    );
    await expect.poll(faults, waiting).toHaveLength(3);
    const asked = performance.now();
    stopBy('SIGTERM');
    expect(await done).toBe(0);
    expect(performance.now() - asked).toBeLessThan(1500);
    expect(faults()).toHaveLength(3);
  });

  test('tells one that starts while it is asked to stop', async () => {
    const { done, lines, stopBy } = await primary('early', 'setTimeout(heed, 500);');
    await expect.poll(lines, waiting).toHaveLength(1);
    stopBy('SIGTERM');
    expect(await done).toBe(0);
    expect(await lines()).toEqual(['start 1', 'stop SIGTERM']);
  });

  test('kills one that will not end', async () => {
    const { done, lines, stopBy } = await primary('deaf', 'listen();', { patienceMs: 300 });
    await expect.poll(lines, waiting).toHaveLength(2);
    stopBy('SIGTERM');
    expect(await done).toBe(0);
  });

  test('has more workers, and fewer, while it runs: the last ones go, and their places are free once they have ended', async () => {
    // Place 3 takes its time to end.
    const body = `listen();
      process.on('message', ({ stop }) => {
        tell('stop ' + stop);
        setTimeout(() => { tell('end ' + process.env.PLACE); process.exit(0); }, process.env.PLACE === '3' ? 2000 : 0);
      });
      process.send('hearing');`;
    const { done, lines, stopBy, faults, seen, workers } = await primary('resized', body, { count: 1 });
    await expect.poll(workers, waiting).toBeDefined();
    const count = workers() as WorkerCount;
    expect(count.get()).toBe(1);
    count.set(3);
    expect(count.get()).toBe(3);
    await expect.poll(lines, waiting).toEqual(expect.arrayContaining(['start 1', 'start 2', 'start 3']));
    await new Promise((resolve) => setTimeout(resolve, 300));
    count.set(1);
    expect(count.get()).toBe(1);
    await expect.poll(lines, waiting).toContain('end 2');
    await new Promise((resolve) => setTimeout(resolve, 500));
    count.set(3);
    await expect.poll(async () => (await lines()).filter((line) => line.startsWith('start')), waiting).toHaveLength(5);
    expect(
      (await lines())
        .filter((line) => line.startsWith('start'))
        .slice(3)
        .toSorted(),
    ).toEqual(['start 2', 'start 4']);
    await expect.poll(lines, waiting).toContain('end 3');
    expect((await lines()).filter((line) => line === `stop ${fewerWorkers}`)).toHaveLength(2);
    // Nobody can be sent away altogether.
    count.set(0);
    expect(count.get()).toBe(1);
    stopBy('SIGTERM');
    expect(await done).toBe(0);
    count.set(5);
    expect(count.get()).toBe(0);
    expect(faults()).toEqual([]);
    expect(seen).toHaveLength(5);
    expect(await lines()).not.toContain('end 5');
  });

  test('that is stopped before it begins starts nobody', async () => {
    const stop = AbortSignal.abort(new Error('stopped', { cause: 'SIGTERM' }));
    const rates = createMemoryRateStore({ clock: systemClock });
    const before = Object.keys(cluster.workers ?? {});
    expect(await runServerWorkers({ count: 2, args: [], stop, clock: systemClock, note: () => {}, rates })).toBe(0);
    expect(Object.keys(cluster.workers ?? {})).toEqual(before);
  });
});

describe('a worker', () => {
  const never = new AbortController().signal;
  /** Its work: to wait until it is stopped, and to say by whom. */
  const untilStopped = async (stop: AbortSignal) => {
    await once(stop, 'abort');
    return (stop.reason as Error).cause;
  };
  // The other end of a real channel says what a primary says.
  const channelTo = async (script: string) => {
    const file = join(folder, `other-end-${randomUUID()}.mjs`);
    await writeFile(file, script);
    return fork(file) as ChildProcess & PrimaryChannel;
  };

  test('says that it hears, ends when the primary asks it to, and then lets go of the channel', async () => {
    const channel = await channelTo("process.on('message', (said) => process.send({ stop: 'SIGTERM after ' + said }));");
    expect(await underPrimary(never, untilStopped, channel)).toBe('SIGTERM after hearing');
    expect(channel.connected).toBe(false);
    expect(channel.listenerCount('message')).toBe(0);
  });

  test('ends when the primary is gone', async () => {
    const channel = await channelTo("process.on('message', () => process.exit());");
    expect(await underPrimary(never, untilStopped, channel)).toBe('the end of the primary process');
  });

  test('ends by a signal of its own, and its failure is passed on', async () => {
    const channel = await channelTo("process.on('message', () => {});");
    const stop = AbortSignal.abort(new Error('stopped', { cause: 'SIGINT' }));
    const failing = underPrimary(stop, async ({ reason }) => Promise.reject(reason as Error), channel);
    await expect(failing).rejects.toThrow('stopped');
    expect(channel.connected).toBe(false);
  });

  test('puts its number on its log lines', () => {
    const seen: unknown[] = [];
    numbered((observation) => seen.push(observation), 3)({ kind: 'server_stopped', reason: 'SIGTERM' });
    expect(seen).toEqual([{ kind: 'server_stopped', reason: 'SIGTERM', worker: 3 }]);
    expect(workerNumber()).toBeUndefined();
  });
});

describe('a free port', () => {
  test('can be listened on', async () => {
    const port = await freePort('127.0.0.1');
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(port).toBeGreaterThan(0);
    server.close();
  });

  test('is left to the worker where the host is none', async () => {
    expect(await freePort('nowhere.invalid')).toBe(0);
  });
});

describe('the connections of a process', () => {
  test.each([
    [1, { min: 2, max: 4 }],
    [2, { min: 2, max: 8 }],
    [4, { min: 4, max: 16 }],
    [5, { min: 5, max: 20 }],
    [20, { min: 20, max: 20 }],
    // Where a least of one for each CPU would be above the most.
    [21, { min: 20, max: 20 }],
    [24, { min: 20, max: 20 }],
    [128, { min: 20, max: 20 }],
  ])('by CPU: with %i', (cpus, bounds) => {
    expect(connectionBounds(cpus)).toEqual(bounds);
  });

  test('on 1 to 128 CPUs the least is never above the most', () => {
    for (let cpus = 1; cpus <= 128; cpus += 1) {
      const { min, max } = connectionBounds(cpus);
      expect(max, `${cpus} CPUs`).toBe(cpus >= 5 ? 20 : 4 * cpus);
      expect(min, `${cpus} CPUs`).toBe(cpus === 1 ? 2 : Math.min(cpus, 20));
      expect(min).toBeLessThanOrEqual(max);
    }
  });

  test('as set win, and the most wins over the least', () => {
    expect(connectionBounds(2, { postgresMaxConnections: 50 })).toEqual({ min: 2, max: 50 });
    expect(connectionBounds(2, { postgresMinConnections: 9, postgresMaxConnections: 5 })).toEqual({ min: 5, max: 5 });
    expect(connectionBounds(2, { postgresMaxConnections: 1 })).toEqual({ min: 1, max: 1 });
  });

  test.each([
    [{ max: 100, reserved: 3 }, 1, 80],
    [{ max: 100, reserved: 3 }, 8, 10],
    [{ max: 100, reserved: 40 }, 6, 10],
    [{ max: 100, reserved: 3 }, 1000, 2],
  ])('of %o divided among %i processes are %i each', (server, processes, share) => {
    expect(connectionShare(server, processes)).toBe(share);
  });
});

describe.each(realServers())('a process on $name', ({ adminUrl }) => {
  async function slotsOf(env: Record<string, string>) {
    const settings = { DATABASE_URL: adminUrl, POSTGRES_SSL_MODE: 'disable', POSTGRES_MAX_CONNECTIONS: '5', ...env };
    const config = loadConfig({ serving: 'nothing' }, settings);
    const { database, advice } = await openDatabase({ config, served: retailSchema, key: signingKey });
    const { slots } = database.load();
    await database.close();
    return { slots, advice };
  }

  test('takes what is set while there is room, less the one that listens', async () => {
    expect(await slotsOf({})).toEqual({ slots: 4, advice: undefined });
  });

  test('takes its part of a server that many share, and says which', async () => {
    expect(await slotsOf({ REPLICAS_EXPECTED: '50', SERVER_WORKERS: '2' })).toEqual({
      slots: 1,
      advice: expect.stringMatching(/^PostgreSQL takes \d+ connections: each of 100 processes .* keeps to 2 in place of 5\./),
    });
  });

  test('behind a pooler takes what is set', async () => {
    expect(await slotsOf({ REPLICAS_EXPECTED: '50', POSTGRES_POOLER: 'transaction' })).toEqual({ slots: 4, advice: undefined });
  });
});
