/**
 * Writes data/search/vectors.bin: the vectors of the demonstration catalogue, so that its first start needs no model.
 *
 *   npm run build && node tools/product-vectors.mjs
 *
 * To be run again when the catalogue's texts or the local model change; `known-vectors.test.ts` tells.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { bundled } from './bundle.mjs';

const { contentHash, embeddedText } = await import(await bundled('src/search/catalogue.ts'));
const { createLocalEmbedder } = await import(await bundled('src/search/embedding/local-embedder.ts'));
const root = new URL('../', import.meta.url);
const products = JSON.parse(readFileSync(new URL('data/product_data_flat.json', root), 'utf8'));
const texts = products.map(({ name, description, categories: [group, kind] }) =>
  embeddedText({ title: name, group, kind, text: description }),
);
const embedder = createLocalEmbedder();
const { model, dimensions } = embedder;
const vectors = await embedder.embed(texts);
await embedder.close();
const numbers = Buffer.alloc(vectors.length * dimensions * 4);
vectors.forEach((vector, place) => {
  vector.forEach((value, index) => {
    numbers.writeFloatLE(value, (place * dimensions + index) * 4);
  });
});
const head = JSON.stringify({ model, dimensions, hashes: texts.map((text) => contentHash(model, text)) });
writeFileSync(new URL('data/search/vectors.bin', root), Buffer.concat([Buffer.from(`${head}\n`), numbers]));
console.log(`${vectors.length} vectors of ${model}`);
