import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VectorTable } from '../../../src/search/catalogue.ts';
import { createVectorMemory } from '../../../src/search/embedding/vector-memory.ts';
import {
  approximateIndexName,
  createVectorStore,
  ensureApproximateIndex,
  storedHashes,
  storeVectors,
} from '../../../src/search/embedding/vector-store.ts';
import { adviseVectors } from '../../../src/search/vector-advice.ts';
import { onEveryDatabase, type TestDatabase } from '../../support/databases.ts';

/** Not the retail schema's: the store knows of no table but the one that it is given. */
const table: VectorTable = { relation: 'other.item_vectors', key: 'item_id', keyType: 'int4', vector: 'embedding' };
const model = { model: 'tiny-8', dimensions: 8 };
const large = { model: 'many-8', dimensions: 8 };
const many = 10_500;

onEveryDatabase('stored vectors', (tier) => {
  let own: TestDatabase;
  beforeAll(async () => {
    own = await tier.open();
    await own.admin.script(`
      CREATE SCHEMA other AUTHORIZATION ${own.role('owner')};
      SET ROLE ${own.role('owner')};
      CREATE TABLE other.item_vectors (item_id int NOT NULL, model text NOT NULL, dimensions int NOT NULL,
        embedding extensions.vector NOT NULL, content_hash text NOT NULL, created_at timestamp NOT NULL, PRIMARY KEY (item_id, model));
      GRANT USAGE ON SCHEMA other TO ${own.role('server')};
      GRANT SELECT ON other.item_vectors TO ${own.role('server')};
      INSERT INTO other.item_vectors
      SELECT n, 'many-8', 8, ARRAY(SELECT sin(n * 12.9898 + axis * 78.233)::real FROM generate_series(1, 8) AS axis)::extensions.vector(8), 'h', now()
      FROM generate_series(1, ${many}) AS n;
      RESET ROLE`);
    await storeVectors(own.owner, table, model, [
      { key: '1', hash: 'a', vector: axis(0) },
      { key: '2', hash: 'b', vector: axis(1) },
    ]);
  }, 60_000);
  afterAll(() => own.close());

  test('are found by cosine, the nearest first, of one model only', async () => {
    const near = await createVectorStore(own.database, table, model).nearest({ vector: axis(1), items: 2 });
    expect(near).toEqual([
      { key: '2', cosine: 1 },
      { key: '1', cosine: 0 },
    ]);
  });

  test('can be asked for among some keys', async () => {
    const store = createVectorStore(own.database, table, model);
    expect(await store.nearest({ vector: axis(1), items: 2, among: ['1'] })).toEqual([{ key: '1', cosine: 0 }]);
    expect(await store.nearest({ vector: axis(1), items: 2, among: [] })).toEqual([]);
  });

  test('kept in memory, are as near as the database finds them', async () => {
    const store = createVectorStore(own.database, table, large);
    const vector = Float32Array.from({ length: 8 }, (_, index) => Math.cos(index));
    const memory = createVectorMemory((await store.all(many)) ?? []);
    const near = memory.nearest(vector);
    const exact = await store.exact(vector, 50);
    expect(near.length).toBe(many);
    // The database computes in 32 bits: what is equally near may come in another order.
    const cosines = new Map(near.map(({ key, cosine }) => [key, cosine]));
    for (const [index, { key, cosine }] of exact.entries()) {
      expect(cosines.get(key)).toBeCloseTo(cosine, 5);
      expect(near[index]?.cosine).toBeCloseTo(cosine, 5);
    }
    expect(
      memory
        .nearest(vector, ['1', '2', 'unknown'])
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['1', '2']);
  });

  test('stay in the database where they are too many for memory', async () => {
    const store = createVectorStore(own.database, table, { model: 'wide', dimensions: 1536 });
    expect(await store.all(1365)).toEqual([]);
    expect(await store.all(1366)).toBeUndefined();
  });

  test('a new text takes the place of the old one', async () => {
    await storeVectors(own.owner, table, model, [{ key: '2', hash: 'c', vector: axis(1) }]);
    expect(await storedHashes(own.database, table, model.model)).toEqual(
      new Map([
        ['1', 'a'],
        ['2', 'c'],
      ]),
    );
  });

  test('a name that could not stand in a statement is refused', async () => {
    const store = createVectorStore(own.database, table, { model: "x' OR 1=1", dimensions: 8 });
    await expect(store.nearest({ vector: axis(0), items: 1 })).rejects.toThrow('not a name of a model');
  });

  describe('from 10,000 on', () => {
    const vector = Float32Array.from({ length: 8 }, (_, index) => Math.cos(index));

    test('an index is missing, is built, and is built again after it became invalid', async () => {
      expect(await adviseVectors(own.database, table, large)).toMatchObject({ rows: many, choice: 'HNSW', index: 'missing' });
      await ensureApproximateIndex(own.owner, table, large);
      const name = approximateIndexName(large);
      await own.admin.script(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other.${name}'::regclass`);
      expect((await adviseVectors(own.database, table, large)).index).toBe('invalid');
      await ensureApproximateIndex(own.owner, table, large);
      await ensureApproximateIndex(own.owner, table, large);
      expect((await adviseVectors(own.database, table, large)).index).toBe('present');
      await own.owner.script('ANALYZE other.item_vectors');
    }, 60_000);

    test('it is used, and finds nearly what an exact scan finds', async () => {
      const asked: string[] = [];
      const listening = {
        query: (text: string, values?: readonly never[]) => {
          asked.push(text);
          return own.database.query(text, values);
        },
      };
      await createVectorStore(listening as never, table, large).approximate(vector, 10);
      const literal = `'[${vector.join(',')}]'`;
      const plan = await own.owner.query(`EXPLAIN ${asked[0]?.replaceAll('$1', literal).replace('$2', '10')}`);
      expect(JSON.stringify(plan)).toContain(approximateIndexName(large));
      expect((await adviseVectors(own.database, table, large)).recallAt10).toBeGreaterThanOrEqual(0.95);
    });

    test('never gives fewer than there are, however few of the nearest pass the filter', async () => {
      const store = createVectorStore(own.database, table, large);
      const exact = await store.exact(vector, 1000);
      const farOff = exact.slice(-50).map(({ key }) => key);
      const found = await store.nearest({ vector, items: many, among: farOff });
      expect(found.length).toBe(40);
      expect(found.map(({ key }) => key)).toEqual(farOff.slice(0, 40));
      expect((await store.nearest({ vector, items: many, among: farOff.slice(0, 3) })).length).toBe(3);
    });
  });

  test('advice on no vectors names the command that makes them', async () => {
    const advice = await adviseVectors(own.database, table, { model: 'nobody', dimensions: 8 });
    expect(advice).toMatchObject({ rows: 0, choice: 'exact scan', index: 'not needed', sampled: 0 });
    expect(advice.advice).toContain('index-products');
  });
});

function axis(place: number): Float32Array {
  return Float32Array.from({ length: 8 }, (_, index) => (index === place ? 1 : 0));
}
