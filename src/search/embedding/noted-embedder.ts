import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Note } from '../../core/observation.ts';
import type { Embedder } from './embedder.ts';

/** The same embedder, each of whose calls is noted. */
export function noteEmbedding(embedder: Embedder, { note, clock }: { readonly note: Note; readonly clock: Clock }): Embedder {
  return {
    ...embedder,
    async embed(texts, options) {
      const start = clock.monotonic();
      const ended = (outcome: 'answered' | AppError['code']) =>
        note({
          kind: 'texts_embedded',
          ...{ embedder: embedder.name, texts: texts.length, outcome, durationMs: clock.monotonic() - start },
        });
      try {
        const vectors = await embedder.embed(texts, options);
        ended('answered');
        return vectors;
      } catch (error) {
        ended(error instanceof AppError ? error.code : 'internal');
        throw error;
      }
    },
  };
}
