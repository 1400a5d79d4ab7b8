import type { Worker } from 'node:cluster';
import type { Bucket, RateStore } from '../resilience/rate-limiter.ts';

type Take = readonly [key: string, bucket: Bucket];

/** What is asked in one turn of the event loop travels as one message: a message costs more than what is in it. */
interface TakeRequest {
  readonly take: number;
  readonly takes: readonly Take[];
}
interface TakeReply {
  readonly taken: number;
  readonly waitMs: readonly number[];
}

/** In the primary: the one place where the workers of a machine count, as a Redis is that of several machines. */
export function answerTakes(worker: Worker, store: RateStore): void {
  worker.on('message', async ({ take, takes }: TakeRequest) => {
    if (take === undefined) return;
    const waitMs = await Promise.all(takes.map(([key, bucket]) => store.take(key, bucket)));
    // One that has died meanwhile does not miss its answer.
    worker.send({ taken: take, waitMs } satisfies TakeReply, () => {});
  });
}

/** The end of the channel that a worker has; its `process`. */
export interface TakeChannel {
  on(event: 'message', listener: (message: TakeReply) => void): unknown;
  send?(message: TakeRequest, handle: undefined, options: undefined, sent: (error: Error | null) => void): unknown;
}

interface Asked {
  readonly take: Take;
  resolve(waitMs: number): void;
  reject(error: Error): void;
}

/** In a worker: asks the primary. A primary that is gone is an error, as a Redis that is gone. */
export function createPrimaryRateStore(channel: TakeChannel = process as TakeChannel): RateStore {
  const sent = new Map<number, readonly Asked[]>();
  let gathered: Asked[] = [];
  let last = 0;
  channel.on('message', ({ taken, waitMs }) => {
    for (const [index, asked] of (sent.get(taken) ?? []).entries()) asked.resolve(waitMs[index] ?? 0);
    sent.delete(taken);
  });
  const send = () => {
    const asked = gathered;
    gathered = [];
    const take = ++last;
    sent.set(take, asked);
    channel.send?.({ take, takes: asked.map((one) => one.take) }, undefined, undefined, (error) => {
      if (error === null) return;
      sent.delete(take);
      for (const one of asked) one.reject(error);
    });
  };
  return {
    take: (key, bucket) =>
      new Promise((resolve, reject) => {
        if (gathered.length === 0) setImmediate(send);
        gathered.push({ take: [key, bucket], resolve, reject });
      }),
  };
}
