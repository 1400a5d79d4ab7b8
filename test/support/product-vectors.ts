import { retailSchema } from '../../src/app/served-schema.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import type { Embedder } from '../../src/search/embedding/embedder.ts';
import { indexProducts } from '../../src/search/index-products.ts';

/** The local model's name and shape without the model: everything it is asked fails unless a test says what to answer. */
export function modelLess(embed: Embedder['embed'] = () => Promise.reject(new Error('the model is not to be asked'))): Embedder {
  return {
    name: 'local',
    model: 'universal-sentence-encoder-lite',
    dimensions: 512,
    cosines: { low: 0.35, high: 0.75 },
    batchSize: 8,
    embed,
    close: async () => {},
  };
}

/** Stores the vectors that come with the package. */
export function storeProductVectors(session: OwnerSession) {
  const { catalogue, loadKnownVectors } = retailSchema;
  return indexProducts({ session, catalogue, embedder: modelLess(), loadKnown: loadKnownVectors });
}
