import { LRUCache } from 'lru-cache';
import type { CallUsage } from '../../core/call-usage.ts';
import type { Clock } from '../../core/clock.ts';
import type { Embedder } from './embedder.ts';

export interface QuestionEmbedderOptions {
  readonly embedder: Embedder;
  readonly clock: Clock;
  /** What a shopper waits for a vector. Later, words alone answer. */
  readonly timeoutMs?: number;
}

const dayMs = 86_400_000;
const mostQuestions = 10_000;

/** Vectors of questions, remembered for a day: people ask the same things. */
export function createQuestionEmbedder({ embedder, clock, timeoutMs = 2000 }: QuestionEmbedderOptions) {
  const known = new LRUCache<string, Float32Array>({
    max: mostQuestions,
    ttl: dayMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  const asking = new Map<string, Promise<Float32Array>>();

  const ask = async (question: string): Promise<Float32Array> => {
    const [vector] = await embedder.embed([question], { timeoutMs });
    if (vector === undefined) throw new Error('the embedder gave no vector');
    known.set(question, vector);
    return vector;
  };
  return {
    embedder,
    /** The call that has the model asked pays for it; those that find the vector, or wait for it, do not. */
    async vectorOf(question: string, usage?: CallUsage): Promise<Float32Array> {
      const remembered = known.get(question);
      if (remembered !== undefined) return remembered;
      const underWay = asking.get(question);
      if (underWay === undefined && usage !== undefined) usage.embeddingTokens += Math.ceil(question.length / 4);
      const begun = underWay ?? ask(question).finally(() => asking.delete(question));
      asking.set(question, begun);
      return begun;
    },
  };
}

export type QuestionEmbedder = ReturnType<typeof createQuestionEmbedder>;
