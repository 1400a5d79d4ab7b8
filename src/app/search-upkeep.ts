import type { Note } from '../core/observation.ts';
import type { Embedder } from '../search/embedding/embedder.ts';
import type { OpenedDatabase } from './adapters.ts';
import { type IndexCatalogue, indexCatalogue } from './embedding.ts';

export interface SearchUpkeepOptions {
  readonly served: IndexCatalogue['served'];
  readonly opened: Pick<OpenedDatabase, 'session' | 'keepTemplate'>;
  readonly embedder: Embedder | undefined;
  readonly warmUp: () => Promise<void>;
  readonly note: Note;
  /** Leaves the first second to the first callers. */
  readonly delayMs?: number;
}

/**
 * What search wants once the server is ready, and nobody should wait for: the vectors that the embedded database lacks (it may be
 * of an older release, or of another model), the catalogue in memory, the model. A real server's vectors are made by
 * `index-products`, as the owner.
 */
export function startSearchUpkeep({ served, opened, embedder, warmUp, note, delayMs = 1000 }: SearchUpkeepOptions) {
  const stop = new AbortController();
  const work = async () => {
    if (served.catalogue !== undefined && embedder !== undefined && opened.session !== undefined) {
      const session = opened.session('owner');
      const { embedded } = await indexCatalogue({ session, served, embedder, signal: stop.signal });
      if (embedded > 0) await opened.keepTemplate?.();
    }
    await warmUp();
  };
  let running: Promise<void> = Promise.resolve();
  const timer = setTimeout(() => {
    running = work().catch((error) => {
      if (!stop.signal.aborted) note({ kind: 'fault_met', where: 'product vectors', error });
    });
  }, delayMs).unref();
  return {
    async close(): Promise<void> {
      clearTimeout(timer);
      stop.abort();
      await running;
    },
  };
}
