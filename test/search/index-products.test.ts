import { afterAll, beforeAll, expect, test } from 'vitest';
import { retailSchema } from '../../src/app/served-schema.ts';
import { indexProducts } from '../../src/search/index-products.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { modelLess, storeProductVectors } from '../support/product-vectors.ts';

const { catalogue } = retailSchema;

onEveryDatabase('the vectors of products', (tier) => {
  let own: TestDatabase;
  beforeAll(async () => {
    own = await tier.open();
  });
  afterAll(() => own.close());
  const asked: string[] = [];
  const embedder = modelLess(async (texts) => {
    asked.push(...texts);
    return texts.map((text) => Float32Array.from({ length: 512 }, (_, index) => Math.sin(text.length + index)));
  });
  const count = async () =>
    Number((await own.owner.query('SELECT count(*) AS n FROM retail.product_description_embeddings'))[0]?.n);

  test('a run that is stopped keeps what it has, and the next one goes on from there', async () => {
    const stop = new AbortController();
    const progress: number[] = [];
    const onProgress = ({ done }: { done: number }) => {
      progress.push(done);
      if (done >= 24) stop.abort(new Error('stopped'));
    };
    await expect(indexProducts({ session: own.owner, catalogue, embedder, onProgress, signal: stop.signal })).rejects.toThrow(
      'stopped',
    );
    expect(await count()).toBe(24);
    expect(progress).toEqual([0, 8, 16, 24]);
    expect(await indexProducts({ session: own.owner, catalogue, embedder })).toEqual({
      items: 419,
      embedded: 395,
      unchanged: 24,
    });
    expect(new Set(asked).size).toBe(419);
    expect(asked[0]).toBe(
      'Professional Claw Hammer 16oz\nHAND TOOLS > HAMMERS\nHigh-quality steel claw hammer with comfortable fiberglass handle, perfect for framing and general construction work.',
    );
  });

  test('only what changed is embedded again', async () => {
    asked.length = 0;
    expect((await indexProducts({ session: own.owner, catalogue, embedder })).embedded).toBe(0);
    expect(asked).toEqual([]);
    await own.owner.query("UPDATE retail.products SET product_description = 'Another text.' WHERE sku = 'HTHM001600'");
    await own.owner.query("UPDATE retail.product_types SET type_name = 'TOOL CASES' WHERE type_name = 'TOOL BOXES'");
    expect((await indexProducts({ session: own.owner, catalogue, embedder })).embedded).toBe(6);
    expect(asked.filter((text) => text.includes('Another text.'))).toHaveLength(1);
  });

  test('a model that fails ends the run with its reason, at the first failure', async () => {
    await own.owner.query('DELETE FROM retail.product_description_embeddings');
    let calls = 0;
    const failing = modelLess(() => {
      calls += 1;
      return Promise.reject(new Error('the model is gone'));
    });
    await expect(indexProducts({ session: own.owner, catalogue, embedder: failing })).rejects.toThrow('the model is gone');
    expect(calls).toBe(1);
    const short = modelLess(async () => []);
    await expect(indexProducts({ session: own.owner, catalogue, embedder: short })).rejects.toThrow('fewer vectors');
  });

  test('what came with the package is not computed again, and only for its own model', async () => {
    await own.owner.query("UPDATE retail.product_types SET type_name = 'TOOL BOXES' WHERE type_name = 'TOOL CASES'");
    const unknown = storeProductVectors(own.owner);
    await expect(unknown, 'one text is not the package’s').rejects.toThrow('not to be asked');
    await own.owner.query('DELETE FROM retail.product_description_embeddings');
    asked.length = 0;
    await indexProducts({ session: own.owner, catalogue, embedder, loadKnown: retailSchema.loadKnownVectors });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('Another text.');
    expect(await count()).toBe(419);
    const other = { ...embedder, model: 'another-model' };
    asked.length = 0;
    await indexProducts({ session: own.owner, catalogue, embedder: other, loadKnown: retailSchema.loadKnownVectors });
    expect(asked).toHaveLength(419);
  });
});
