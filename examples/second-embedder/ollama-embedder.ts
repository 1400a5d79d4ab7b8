import type { Clock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { createBreaker } from '../../src/resilience/breaker.ts';
import { createResilientCall } from '../../src/resilience/resilient-call.ts';
import type { Embedder } from '../../src/search/embedding/embedder.ts';

export interface OllamaEmbedderOptions {
  /** For example `http://127.0.0.1:11434`. */
  readonly url: string;
  /** For example `nomic-embed-text`, and how long its vectors are. */
  readonly model: string;
  readonly dimensions: number;
  readonly clock: Clock;
}

/** A model of one's own, served by Ollama: https://docs.ollama.com/api/embed. */
export function createOllamaEmbedder({ url, model, dimensions, clock }: OllamaEmbedderOptions): Embedder {
  const batchSize = 32;
  const breaker = createBreaker({ name: 'embedder', clock });
  const embedBatch = async (input: readonly string[], signal: AbortSignal): Promise<Float32Array[]> => {
    const response = await fetch(new URL('/api/embed', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, input, truncate: true }),
      signal,
    }).catch((cause) => {
      signal.throwIfAborted();
      throw new AppError('dependency_unavailable', 'The embedding service does not answer', { cause });
    });
    if (!response.ok) throw new AppError('dependency_unavailable', `The embedding service answers HTTP ${response.status}`);
    const { embeddings } = (await response.json()) as { embeddings: number[][] };
    if (embeddings?.length !== input.length || embeddings.some((vector) => vector.length !== dimensions)) {
      throw new AppError('misconfigured', `The embedding service sent no ${dimensions} numbers for each text`);
    }
    return embeddings.map((vector) => Float32Array.from(vector));
  };
  return {
    name: 'ollama',
    model,
    dimensions,
    // Measure with `search eval`: what this model's cosines mean for "nothing in common" and "the same".
    cosines: { low: 0.4, high: 0.85 },
    batchSize,
    async embed(texts, { signal, timeoutMs = 60_000 } = {}) {
      signal?.throwIfAborted();
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += batchSize) {
        // An empty text has no meaning, and models refuse it.
        const batch = texts.slice(from, from + batchSize).map((text) => text.trim() || '-');
        const call = createResilientCall({ name: 'embedder', clock, timeoutMs, breaker });
        vectors.push(...(await call((attempt) => embedBatch(batch, attempt), { idempotent: true, signal })));
      }
      return vectors;
    },
    close: async () => {},
  };
}
