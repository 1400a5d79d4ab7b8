import type { BreakerState } from '../../resilience/breaker.ts';

/** Turns texts into vectors that are close where the texts mean the same. Two adapters: `local-embedder.ts`, `azure-openai-embedder.ts`. */
export interface Embedder {
  /** Which technology, for answers and operators: `local`, `azure`. */
  readonly name: string;
  /** Of the stored vectors: those of different models are never compared. */
  readonly model: string;
  readonly dimensions: number;
  /** The cosines that mean "nothing in common" and "the same" with this model. */
  readonly cosines: CosineRange;
  /** Most texts of one call. */
  readonly batchSize: number;
  /** One vector a text, in order. Fails with `dependency_unavailable`, `circuit_open` or `rate_limited`. */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
  /** Of the service behind it; absent where there is none. */
  readonly breakerState?: () => BreakerState;
  close(): Promise<void>;
}

export interface EmbedOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest wait, in milliseconds. Absent: what indexing may take. */
  readonly timeoutMs?: number;
}

export interface CosineRange {
  readonly low: number;
  readonly high: number;
}

/** Closeness in meaning on a scale that all models share, 0..1. */
export const closenessOf = (cosine: number, { low, high }: CosineRange): number =>
  Math.max(0, Math.min(1, (cosine - low) / (high - low)));
