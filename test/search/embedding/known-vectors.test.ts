import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { retailSchema } from '../../../src/app/served-schema.ts';
import { loadReferenceData } from '../../../src/retail/sample-data/reference-data.ts';
import { contentHash, embeddedText } from '../../../src/search/catalogue.ts';
import { loadKnownVectors } from '../../../src/search/embedding/known-vectors.ts';
import { createLocalEmbedder } from '../../../src/search/embedding/local-embedder.ts';
import { newFolder, removeFolder } from '../../e2e/product.ts';

const reference = loadReferenceData();
const texts = reference.products.map(({ name, description, categoryId, typeId }) =>
  embeddedText({
    title: name,
    group: reference.categories.find(({ id }) => id === categoryId)?.name ?? '',
    kind: reference.types.find(({ id }) => id === typeId)?.name ?? '',
    text: description,
  }),
);

test('the vectors in the package are those of every product as it is today', async () => {
  const embedder = createLocalEmbedder();
  const known = await retailSchema.loadKnownVectors();
  expect(known.model).toBe(embedder.model);
  expect(texts.filter((text) => known.get(contentHash(embedder.model, text)) === undefined)).toEqual([]);
  expect(known.get('of nothing')).toBeUndefined();
  // Some of them computed anew: the file is what the model says, not something like it.
  const some = texts.filter((_, index) => index % 60 === 0);
  const fresh = await embedder.embed(some);
  for (const [index, text] of some.entries()) {
    const stored = known.get(contentHash(embedder.model, text));
    const difference = Math.max(...(fresh[index] ?? []).map((value, at) => Math.abs(value - (stored?.[at] ?? 9))));
    expect(difference).toBeLessThan(1e-4);
  }
  await embedder.close();
}, 60_000);

test('a file that was cut off is not read', async () => {
  const folder = await newFolder();
  const file = join(folder, 'vectors.bin');
  await writeFile(file, `${JSON.stringify({ model: 'm', dimensions: 2, hashes: ['a'] })}\n1234`);
  await expect(loadKnownVectors(pathToFileURL(file))).rejects.toThrow('cut off');
  await removeFolder(folder);
});
