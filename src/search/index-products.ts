import type { OwnerSession } from '../postgres/database.ts';
import { runBatch } from '../resilience/batch.ts';
import { type CatalogueItem, contentHash, embeddedText, loadItems, type ProductCatalogue } from './catalogue.ts';
import type { Embedder } from './embedding/embedder.ts';
import type { KnownVectors } from './embedding/known-vectors.ts';
import { approximateFrom, ensureApproximateIndex, storedHashes, storeVectors } from './embedding/vector-store.ts';

export interface IndexProductsRequest {
  readonly session: OwnerSession;
  readonly catalogue: ProductCatalogue;
  readonly embedder: Embedder;
  /** Spares the model what it computed before. Read when something is to be embedded. */
  readonly loadKnown?: () => Promise<KnownVectors>;
  readonly onProgress?: (progress: { readonly step: string; readonly done: number; readonly total: number }) => void;
  /** What was stored until then stays: the next run goes on from there. */
  readonly signal?: AbortSignal | undefined;
}

export interface IndexedProducts {
  readonly items: number;
  readonly embedded: number;
  readonly unchanged: number;
}

/** Rows of one statement, where no model has to be waited for. */
const storedAtOnce = 100;

/** Embeds the items whose text or model is new, and stores each batch as it comes. */
export async function indexProducts(request: IndexProductsRequest): Promise<IndexedProducts> {
  const { session, catalogue, embedder, signal, onProgress } = request;
  const items = await loadItems(session, catalogue);
  const stored = await storedHashes(session, catalogue.vectors, embedder.model);
  const changed = items
    .map((item) => ({ item, hash: contentHash(embedder.model, embeddedText(item)) }))
    .filter(({ item, hash }) => stored.get(item.key) !== hash);
  const all = changed.length === 0 ? undefined : await request.loadKnown?.();
  const known = all?.model === embedder.model ? all : undefined;
  const report = (done: number) => onProgress?.({ step: 'vectors', done, total: changed.length });
  report(0);
  let done = 0;
  const failed = new AbortController();
  // One batch after the other: the local model has one thread, and the service's quota is the same for all.
  const outcomes = await runBatch(
    inBatches(changed, known === undefined ? embedder.batchSize : storedAtOnce),
    async (batch) => {
      try {
        await storeVectors(session, catalogue.vectors, embedder, await vectorsOf(batch, { embedder, known, signal }));
      } catch (error) {
        failed.abort();
        throw error;
      }
      done += batch.length;
      report(done);
    },
    { concurrency: 1, signal: signal === undefined ? failed.signal : AbortSignal.any([failed.signal, signal]) },
  );
  signal?.throwIfAborted();
  const failure = outcomes.find((outcome) => 'error' in outcome);
  if (failure !== undefined) throw failure.error;
  if (items.length >= approximateFrom) await ensureApproximateIndex(session, catalogue.vectors, embedder);
  return { items: items.length, embedded: changed.length, unchanged: items.length - changed.length };
}

interface Changed {
  readonly item: CatalogueItem;
  readonly hash: string;
}

interface Sources {
  readonly embedder: Embedder;
  readonly known: KnownVectors | undefined;
  readonly signal: AbortSignal | undefined;
}

async function vectorsOf(batch: readonly Changed[], { embedder, known, signal }: Sources) {
  const remembered = new Map(batch.map(({ hash }) => [hash, known?.get(hash)]));
  const missing = batch.filter(({ hash }) => remembered.get(hash) === undefined);
  const fresh =
    missing.length === 0
      ? []
      : await embedder.embed(
          missing.map(({ item }) => embeddedText(item)),
          { signal },
        );
  for (const [index, { hash }] of missing.entries()) remembered.set(hash, fresh[index]);
  return batch.map(({ item, hash }) => {
    const vector = remembered.get(hash);
    if (vector === undefined) throw new Error('the embedder gave fewer vectors than texts');
    return { key: item.key, hash, vector };
  });
}

function* inBatches<T>(all: readonly T[], size: number): Iterable<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}
