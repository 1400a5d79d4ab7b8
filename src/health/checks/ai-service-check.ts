import type { Clock } from '../../core/clock.ts';
import { findingsOf, type HealthCheck } from '../health-check.ts';

/** What turns texts into vectors, as far as this check knows it. */
export interface ProbedEmbedder {
  readonly name: string;
  readonly model: string;
  embed(texts: readonly string[], options: { readonly timeoutMs: number }): Promise<unknown>;
  readonly breakerState?: () => 'closed' | 'open' | 'half_open';
}

export interface AiServiceCheckOptions {
  /** Absent: search compares words alone, as it was set up to. */
  readonly embedder?: ProbedEmbedder | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** A probe that was answered is good for so long: each costs a token. */
  readonly keepMs?: number;
  readonly keepFailureMs?: number;
  readonly probeTimeoutMs?: number;
}

/** Whether texts can be turned into vectors. Without, search goes on by words, so nothing here is worse than degraded. */
export function createAiServiceCheck(options: AiServiceCheckOptions): HealthCheck {
  const { embedder, clock, keepMs = 300_000, keepFailureMs = 15_000, probeTimeoutMs = 1500 } = options;
  if (embedder === undefined) return async () => findingsOf([], { embedder: 'none' });
  const { name, model, breakerState } = embedder;
  let last: { readonly at: number; readonly answered: boolean } | undefined;
  const probe = async (): Promise<boolean> => {
    const age = last === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - last.at;
    if (last !== undefined && age < (last.answered ? keepMs : keepFailureMs)) return last.answered;
    const answered = await embedder.embed(['a'], { timeoutMs: probeTimeoutMs }).then(
      () => true,
      () => false,
    );
    last = { at: clock.monotonic(), answered };
    return answered;
  };
  return async () => {
    const breaker = breakerState?.() ?? 'closed';
    const open = breaker === 'open';
    // Left alone, it is not probed either.
    const answers = !open && (await probe());
    return findingsOf(
      [
        { when: open, status: 'degraded', reason: 'the embedding service is being left alone: search compares words alone' },
        { when: !open && !answers, status: 'degraded', reason: 'the embedder does not answer: search compares words alone' },
      ],
      { embedder: name, model, breaker },
    );
  };
}
