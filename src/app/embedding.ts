import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { OwnerSession } from '../postgres/database.ts';
import type { EmbeddingExpectation } from '../retail/sample-data/embedding-check.ts';
import { contentHash, embeddedText } from '../search/catalogue.ts';
import type { Embedder } from '../search/embedding/embedder.ts';
import { noteEmbedding } from '../search/embedding/noted-embedder.ts';
import { type IndexedProducts, type IndexProductsRequest, indexProducts } from '../search/index-products.ts';
import { createAzureTokenSource } from '../vault/azure-identity.ts';
import { catalogueOf } from './load-schema.ts';
import { azureIdentity } from './secrets.ts';
import type { ServedSchema } from './served-schema.ts';

const azureScope = 'https://cognitiveservices.azure.com/.default';

/** The embedder that EMBEDDER names; undefined for `none`. Nothing of a model is loaded before the first text. */
export async function openEmbedder(config: Config, clock: Clock, note: Note = () => {}): Promise<Embedder | undefined> {
  const embedder = await embedderOf(config, clock, note);
  return embedder && noteEmbedding(embedder, { note, clock });
}

async function embedderOf(config: Config, clock: Clock, note: Note): Promise<Embedder | undefined> {
  if (config.embedder === 'none') return undefined;
  if (config.embedder === 'local') return (await import('../search/embedding/local-embedder.ts')).createLocalEmbedder();
  const { azureOpenaiEndpoint: endpoint, azureOpenaiApiKey: apiKey } = config;
  if (endpoint === undefined) {
    throw new AppError('misconfigured', 'EMBEDDER=azure needs AZURE_OPENAI_ENDPOINT', {
      hint: 'Set it to https://<resource>.openai.azure.com, or EMBEDDER=local for the model that comes with the package.',
    });
  }
  const { createAzureOpenAIEmbedder } = await import('../search/embedding/azure-openai-embedder.ts');
  return createAzureOpenAIEmbedder({
    endpoint,
    deployment: config.embeddingModelDeploymentName,
    apiVersion: config.azureOpenaiApiVersion,
    credential: apiKey === undefined ? { token: createAzureTokenSource(azureIdentity(config), azureScope) } : { apiKey },
    clock,
    note,
  });
}

export type IndexCatalogue = Pick<IndexProductsRequest, 'onProgress' | 'signal'> & {
  readonly session: OwnerSession;
  readonly served: Pick<ServedSchema, 'catalogue' | 'loadKnownVectors'>;
  readonly embedder: Embedder;
};

/** Embeds what is new in the catalogue; vectors that come with the package are not computed again. */
export function indexCatalogue({ served, embedder, ...request }: IndexCatalogue): Promise<IndexedProducts> {
  const { loadKnownVectors: loadKnown } = served;
  return indexProducts({ ...request, catalogue: catalogueOf(served), embedder, ...(loadKnown && { loadKnown }) });
}

/** What `seed --verify` holds the stored vectors against. */
export function expectationOf({ model, dimensions }: Embedder): EmbeddingExpectation {
  return {
    model,
    dimensions,
    contentHash: ({ name, category, type, description }) =>
      contentHash(model, embeddedText({ title: name, group: category, kind: type, text: description })),
  };
}
