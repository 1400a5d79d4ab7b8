import type { Worker } from 'node:cluster';
import type { Bucket, RateStore } from '../resilience/rate-limiter.ts';

interface TakeRequest {
  readonly take: number;
  readonly key: string;
  readonly bucket: Bucket;
}
interface TakeReply {
  readonly taken: number;
  readonly waitMs: number;
}

/** In the primary: the one place where the workers of a machine count, as a Redis is that of several machines. */
export function answerTakes(worker: Worker, store: RateStore): void {
  worker.on('message', async ({ take, key, bucket }: TakeRequest) => {
    if (take === undefined) return;
    const reply: TakeReply = { taken: take, waitMs: await store.take(key, bucket) };
    // One that has died meanwhile does not miss its answer.
    worker.send(reply, () => {});
  });
}

/** The end of the channel that a worker has; its `process`. */
export interface TakeChannel {
  on(event: 'message', listener: (message: TakeReply) => void): unknown;
  send?(message: TakeRequest, handle: undefined, options: undefined, sent: (error: Error | null) => void): unknown;
}

/** In a worker: asks the primary. A primary that is gone is an error, as a Redis that is gone. */
export function createPrimaryRateStore(channel: TakeChannel = process as TakeChannel): RateStore {
  const waiting = new Map<number, (waitMs: number) => void>();
  let last = 0;
  channel.on('message', ({ taken, waitMs }) => {
    waiting.get(taken)?.(waitMs);
    waiting.delete(taken);
  });
  return {
    take(key, bucket) {
      const take = ++last;
      return new Promise((resolve, reject) => {
        waiting.set(take, resolve);
        const sent = (error: Error | null) => {
          if (error === null) return;
          waiting.delete(take);
          reject(error);
        };
        channel.send?.({ take, key, bucket }, undefined, undefined, sent);
      });
    },
  };
}
