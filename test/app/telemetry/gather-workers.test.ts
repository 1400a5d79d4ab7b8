import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { createWorkerGather, type OwnAnswer } from '../../../src/app/telemetry/gather-workers.ts';
import { createPrimaryTelemetry, serverTelemetry } from '../../../src/app/telemetry/server-telemetry.ts';
import type { PlainSample } from '../../../src/telemetry/metrics/merge-samples.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A primary and its workers, with channels that pass messages on as those of node:cluster do. */
function server() {
  const primary = createPrimaryTelemetry();
  const worker = (own: OwnAnswer, hears = true) => {
    const channel = new EventEmitter();
    const ofPrimary = Object.assign(new EventEmitter(), {
      send(message: unknown, done: (error: Error | null) => void) {
        if (hears) setImmediate(() => channel.emit('message', JSON.parse(JSON.stringify(message))));
        done(null);
      },
    });
    const send = (message: unknown) => setImmediate(() => ofPrimary.emit('message', JSON.parse(JSON.stringify(message))));
    primary.serve(ofPrimary as unknown as Worker);
    ofPrimary.emit('listening');
    const asks = serverTelemetry(createWorkerGather(own, Object.assign(channel, { send })));
    return { ...asks, end: () => ofPrimary.emit('exit') };
  };
  return { primary, worker };
}

const errors = (count: number): PlainSample[] => [{ name: 'errors_total', labels: ['internal'], values: [count] }];
const counting =
  (count: number): OwnAnswer =>
  ({ topic, about }) =>
    topic === 'metrics' ? errors(count) : about === `r-${count}` ? { requestId: about, statements: [] } : undefined;
const total = async (asked: { samples: () => Promise<readonly { values: readonly number[] }[]> }) =>
  (await asked.samples()).map(({ values }) => values[0]);

test('any worker, and the primary, tells the figures of all', async () => {
  const { primary, worker } = server();
  const one = worker(counting(2));
  worker(counting(5));
  expect(await total(one)).toEqual([7]);
  expect(await total(primary)).toEqual([7]);
});

test('a trace is found whichever worker has it', async () => {
  const { worker } = server();
  const one = worker(counting(2));
  worker(counting(5));
  expect(await one.findTrace('r-5')).toMatchObject({ requestId: 'r-5' });
  expect(await one.findTrace('r-9')).toBeUndefined();
});

test('what a worker had counted when it was last read stays counted after its end', async () => {
  const { worker } = server();
  const one = worker(counting(2));
  const other = worker(counting(5));
  expect(await total(one)).toEqual([7]);
  other.end();
  expect(await total(one)).toEqual([7]);
});

test('a worker that hangs does not keep the answers of the others back', async () => {
  const { worker } = server();
  const one = worker(counting(2));
  worker(counting(5), false);
  expect(await total(one)).toEqual([2]);
});

test('without a primary a worker tells of itself', async () => {
  vi.useFakeTimers();
  const alone = serverTelemetry(createWorkerGather(counting(3), Object.assign(new EventEmitter(), { send: () => {} })));
  const told = total(alone);
  await vi.advanceTimersByTimeAsync(9000);
  expect(await told).toEqual([3]);
});

test('the primary adds how many workers its autoscaler wants, once it knows', async () => {
  let desired: number | undefined;
  const primary = createPrimaryTelemetry(() => desired);
  expect(await primary.samples()).toEqual([]);
  desired = 3;
  expect(await primary.samples()).toMatchObject([{ metric: { name: 'replicas_desired' }, values: [3] }]);
});
