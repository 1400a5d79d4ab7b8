import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { retailSchema } from '../../src/app/served-schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createAzureOpenAIEmbedder } from '../../src/search/embedding/azure-openai-embedder.ts';
import type { Embedder } from '../../src/search/embedding/embedder.ts';
import { createLocalEmbedder } from '../../src/search/embedding/local-embedder.ts';
import { createQuestionEmbedder } from '../../src/search/embedding/question-embedder.ts';
import { indexProducts } from '../../src/search/index-products.ts';
import { createProductSearch } from '../../src/search/product-search.ts';
import type { SearchProducts } from '../../src/search/search-products.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { embeddingService, vectorFor } from '../support/embedding-service.ts';
import { modelLess, storeProductVectors } from '../support/product-vectors.ts';

const { catalogue } = retailSchema;

onEveryDatabase('product search', (tier) => {
  let own: TestDatabase;
  /** By the model that comes with the package. */
  let searchAll: SearchProducts;
  const local = createLocalEmbedder();
  beforeAll(async () => {
    own = await tier.open();
    await storeProductVectors(own.owner);
    searchAll = searchWith(local);
  });
  afterAll(async () => {
    await local.close();
    await own.close();
  });

  const noted: Observation[] = [];
  const searchWith = (embedder?: Embedder) =>
    createProductSearch({
      database: own.database,
      catalogue,
      embedder: embedder && createQuestionEmbedder({ embedder, clock: systemClock, timeoutMs: 20_000 }),
      note: (observation) => noted.push(observation),
    }).search;
  const ask = async (query: string, maxRows = 5, threshold = 30, search = searchAll) => {
    const found = await search({ query, maxRows, threshold });
    return { ...found, rows: JSON.parse(found.rowsJson) as (string | number)[][] };
  };
  const skus = (rows: (string | number)[][]) => rows.map(([sku]) => sku);

  test('answers with the described columns, similarity in percent and what matched, and nothing else', async () => {
    const found = await ask('stain for a wooden deck', 2);
    expect(found.columns.map(({ name }) => name)).toEqual([
      'sku',
      'product_name',
      'category',
      'type',
      'description',
      'price',
      'similarity',
      'matched_by',
    ]);
    expect(found.rows[0]).toEqual([
      'PFWS000034',
      'Semi-Transparent Deck Stain',
      'PAINT & FINISHES',
      'WOOD STAIN',
      'Outdoor deck stain with UV protection that allows wood grain to show through natural finish.',
      53.73,
      expect.any(Number),
      'both',
    ]);
    expect(found).toMatchObject({ rowCount: 2, truncated: true, model: 'local', degraded: false, lowConfidence: false });
    expect(found.message).toBe('more products match: raise max_rows or similarity_threshold');
    expect(found.rowsJson).toMatch(/,\d+\.\d\d,\d+\.\d,"both"\]/);
  });

  test('a higher threshold never brings more, and every row is over it', async () => {
    const counts: number[] = [];
    for (const threshold of [0, 30, 60, 90]) {
      const { rows } = await ask('paint roller', 100, threshold);
      expect(rows.every((row) => Number(row[6]) >= threshold)).toBe(true);
      counts.push(rows.length);
    }
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts[1]).toBeGreaterThan(0);
  });

  test('what the catalogue does not have is answered with nothing, and says so', async () => {
    for (const query of ['women’s winter boots', 'which store sold the most in May', 'washing machine']) {
      expect((await ask(query)).lowConfidence, query).toBe(true);
    }
    expect(await ask('quantum violin')).toMatchObject({ rows: [], lowConfidence: true, message: 'No products >= 30%' });
    expect((await ask('washing machine', 5, 0)).message).toContain('nothing in the catalogue fits this well');
  });

  test('prices are kept to', async () => {
    const { rows } = await ask('drill under $200', 20);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.every((row) => Number(row[5]) < 200)).toBe(true);
    expect(await ask('hammer under $1')).toMatchObject({ rows: [], degraded: false });
  });

  describe('without a model', () => {
    test('words answer, marked degraded', async () => {
      const found = await ask('claw hammer', 3, 30, searchWith());
      expect(found).toMatchObject({ model: 'lexical', degraded: true, lowConfidence: false });
      expect(skus(found.rows)[0]).toBe('HTHM001600');
      expect(found.rows[0]?.[7]).toBe('words');
      expect(found.message).toContain('meaning was not compared');
    });

    test('a model that fails is noted once, and used again as soon as it answers', async () => {
      let well = false;
      const search = searchWith(
        modelLess(async (texts) => {
          if (!well) throw new Error('down');
          return local.embed(texts);
        }),
      );
      noted.length = 0;
      expect((await ask('claw hammer', 3, 30, search)).degraded).toBe(true);
      expect((await ask('claw hammer', 3, 30, search)).degraded).toBe(true);
      expect(noted).toEqual([{ kind: 'fault_met', where: 'embedder', error: expect.any(Error) }]);
      well = true;
      expect(await ask('claw hammer', 3, 30, search)).toMatchObject({ degraded: false, model: 'local' });
    });

    test('vectors that are made later are seen by a search that runs already', async () => {
      // What they mean is not asked here: the real model would compute them for half a minute.
      const embed = async (texts: readonly string[]) => texts.map((text) => Float32Array.from(vectorFor(text, 512)));
      const other = { ...modelLess(embed), model: 'made-later' } satisfies Embedder;
      const search = searchWith(other);
      expect(await ask('something to sit on outside', 3, 30, search)).toMatchObject({ degraded: true });
      await indexProducts({ session: own.owner, catalogue, embedder: other });
      expect(await ask('something to sit on outside', 3, 30, search)).toMatchObject({ degraded: false });
    });

    test('vectors of another model are never compared: words answer, and the operator is told what to run', async () => {
      noted.length = 0;
      const search = searchWith({ ...local, model: 'another-model' });
      expect((await ask('claw hammer', 3, 30, search)).degraded).toBe(true);
      await ask('claw hammer', 3, 30, search);
      expect(noted).toEqual([
        {
          kind: 'fault_met',
          where: 'product vectors',
          error: expect.objectContaining({ hint: expect.stringContaining('index-products') }),
        },
      ]);
    });
  });

  test('an embedding service that is killed and comes back degrades the answers meanwhile, without a restart', async () => {
    const service = await embeddingService();
    const azure = createAzureOpenAIEmbedder({
      endpoint: service.url,
      deployment: 'text-embedding-3-small',
      apiVersion: '2024-02-01',
      credential: { apiKey: 'a key' },
      clock: systemClock,
      restMs: 100,
    });
    await indexProducts({ session: own.owner, catalogue, embedder: azure });
    const search = searchWith(azure);
    expect(await ask('claw hammer', 3, 30, search)).toMatchObject({ model: 'azure', degraded: false });
    await service.kill();
    for (const query of ['ball valve', 'tape measure', 'claw hammer 2']) {
      expect(await ask(query, 3, 30, search)).toMatchObject({ model: 'lexical', degraded: true });
    }
    // What was asked before is remembered.
    expect(await ask('claw hammer', 3, 30, search)).toMatchObject({ model: 'azure', degraded: false });
    await service.comeBack();
    await expect.poll(async () => (await ask('gel stain', 3, 30, search)).model, { timeout: 5000 }).toBe('azure');
    await service.close();
  });

  test('a change of the catalogue is in the next answer', async () => {
    expect((await ask('quokka fence')).lowConfidence).toBe(true);
    await own.owner.query("UPDATE retail.products SET product_name = 'Quokka Fence' WHERE sku = 'HTHM001600'");
    expect(skus((await ask('quokka fence')).rows)[0]).toBe('HTHM001600');
    await own.owner.query("UPDATE retail.products SET product_name = 'Professional Claw Hammer 16oz' WHERE sku = 'HTHM001600'");
  });

  describe('hostile questions', () => {
    test.each([
      "'; DROP TABLE retail.products; --",
      "' UNION SELECT cost, sku FROM retail.products --",
      '%'.repeat(500),
      '_'.repeat(500),
      '\u0000\u0001\u0007\u001b[31m',
      '(a+)+$'.repeat(80),
      '1/'.repeat(250),
      "a'".repeat(250),
      'no '.repeat(166),
      'under $'.repeat(70),
      '😀'.repeat(250),
      '\ud800\udfff\ud800',
      '{"$ne": null}',
      'cost margin gross_margin_percent product_id rls_user_id',
    ])('%j is a question like any other', async (query) => {
      const { rows, columns } = await ask(query, 100, 0);
      expect(columns).toHaveLength(8);
      for (const row of rows) expect(row).toHaveLength(8);
      expect(Number((await own.owner.query('SELECT count(*) AS n FROM retail.products'))[0]?.n)).toBe(419);
    });

    test('no answer carries cost or margin, whatever it is asked for', async () => {
      const { rows } = await ask('Professional Claw Hammer 16oz cost margin', 100, 0);
      const hammer = rows.find(([sku]) => sku === 'HTHM001600');
      expect(hammer?.filter((value) => typeof value === 'number')).toEqual([41.79, expect.any(Number)]);
    });

    test('the question is in no statement: only vectors and keys reach the database', async () => {
      const asked: { text: string; values: unknown }[] = [];
      const { search } = createProductSearch({
        database: {
          query: (text, values) => {
            asked.push({ text, values });
            return own.database.query(text, values);
          },
        },
        catalogue,
        embedder: createQuestionEmbedder({ embedder: local, clock: systemClock, timeoutMs: 20_000 }),
        note: () => {},
      });
      await search({ query: "xyzzy' OR 'hammer", maxRows: 5, threshold: 30 });
      expect(asked.length).toBeGreaterThan(2);
      expect(JSON.stringify(asked)).not.toContain('xyzzy');
    });
  });

  test('it reads as the server login, which may not see cost', async () => {
    await expect(own.database.query('SELECT cost FROM retail.products')).rejects.toThrow();
    const [who] = await own.database.query('SELECT current_user::text AS name');
    expect(who?.name).toBe(own.role('server'));
  });

  test('warming up spares the first shopper, and survives a database that is away', async () => {
    const { warmUp } = createProductSearch({
      database: { query: () => Promise.reject(new Error('away')) },
      catalogue,
      note: () => {},
    });
    await expect(warmUp()).resolves.toBeUndefined();
  });
});
