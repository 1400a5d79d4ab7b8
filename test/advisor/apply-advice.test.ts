import { afterAll, beforeAll, expect, test } from 'vitest';
import { adviseIndexes } from '../../src/advisor/advise-indexes.ts';
import { applyAdvice, stepsOf } from '../../src/advisor/apply-advice.ts';
import { AppError } from '../../src/core/errors.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { retailIndexes } from '../../src/retail/recommended-indexes.ts';
import { approximateFrom } from '../../src/search/embedding/vector-store.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

const vectors = { table: 'retail.product_description_embeddings', column: 'description_embedding', fromRows: approximateFrom };

onEveryDatabase('The recommended indexes', (tier) => {
  let db: TestDatabase;
  const advise = () =>
    adviseIndexes({ session: db.owner, schemas: ['retail', 'extensions'], recommended: retailIndexes, vectors });
  const statuses = async () => (await advise()).recommendations.map(({ index, status }) => `${index} ${status}`);
  const apply = async (signal?: AbortSignal) =>
    applyAdvice({ session: db.owner, steps: stepsOf(await advise()), signal, pauseMs: 1 });
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const allPresent = [
    'retail.orders(store_id, order_date) present',
    'retail.order_items(product_id) present',
    'retail.customers(primary_store_id, email) present',
    'retail.orders(order_date, total_amount) present',
    'retail.products(category_id, base_price) present',
    'retail.product_description_embeddings(description_embedding), vectors present',
  ];

  test('are all there in a fresh database, where there is nothing else to mend', async () => {
    const { recommendations, advice, standing, statistics } = await advise();
    expect(recommendations.map(({ index, status }) => `${index} ${status}`)).toEqual(allPresent);
    expect({ advice, standing: standing.filter(({ kind }) => kind !== 'unused'), statistics }).toEqual({
      advice: [],
      standing: [],
      statistics: [],
    });
    expect(recommendations.at(-1)?.detail).toMatch(/an exact scan of \d+ vectors/);
  });

  test('that was dropped is missing, and built again with the same columns', async () => {
    const definition = `SELECT pg_get_indexdef('retail.idx_orders_store_date'::regclass) AS sql`;
    const before = await db.owner.query(definition);
    await db.owner.script('DROP INDEX retail.idx_orders_store_date');
    expect(await statuses()).toContain('retail.orders(store_id, order_date) missing');
    expect(await apply()).toEqual([
      {
        what: 'CREATE INDEX CONCURRENTLY idx_orders_store_date ON retail.orders (store_id, order_date) INCLUDE (order_id, total_amount)',
        outcome: 'done',
        detail: expect.stringMatching(/^EXPLAIN uses it \(Index/),
      },
    ]);
    expect(await statuses()).toEqual(allPresent);
    expect(await db.owner.query(definition)).toEqual(before);
    expect(await apply()).toEqual([]);
  });

  test('that a wider one begins with is redundant beside it', async () => {
    await db.owner.script('CREATE INDEX wider ON retail.order_items (product_id, quantity)');
    const { recommendations } = await advise();
    expect(recommendations[1]).toMatchObject({ status: 'redundant', detail: expect.stringContaining('retail.wider') });
    await db.owner.script('DROP INDEX retail.idx_order_items_product');
    expect((await advise()).recommendations[1]).toMatchObject({
      status: 'redundant',
      detail: 'retail.wider begins with these columns',
    });
    await db.owner.script('DROP INDEX retail.wider');
    await apply();
    expect(await statuses()).toEqual(allPresent);
  });

  if (tier.name === 'the embedded database') return;

  /** What a unique build leaves that finds two equal rows. */
  const breakIndex = async (name: string, on: string) => {
    await db.owner.script(`CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${on}`).catch(() => {});
  };

  test('that a broken-off build left INVALID is named, dropped and built anew', async () => {
    await db.owner.script('DROP INDEX retail.idx_order_items_product');
    await breakIndex('idx_order_items_product', 'retail.order_items (product_id)');
    const report = await advise();
    expect(report.recommendations[1]).toMatchObject({
      status: 'INVALID',
      detail: expect.stringContaining('retail.idx_order_items_product'),
    });
    expect(report.standing).toContainEqual(expect.objectContaining({ kind: 'INVALID', index: 'retail.idx_order_items_product' }));
    // The leftover was to be unique, which its rows are not: as a unique one it cannot come back.
    expect(await apply()).toEqual([
      expect.objectContaining({ outcome: 'failed', detail: 'could not create unique index "idx_order_items_product"' }),
    ]);
    expect(await apply()).toEqual([expect.objectContaining({ outcome: 'done' })]);
    expect(await statuses()).toEqual(allPresent);
  });

  test('that lock holders keep from being built is tried again, and leaves nothing INVALID when it is given up', async () => {
    await db.owner.script('DROP INDEX retail.idx_products_category_price');
    await db.admin.script('BEGIN; LOCK TABLE retail.products IN SHARE UPDATE EXCLUSIVE MODE');
    const steps = stepsOf(await advise());
    const hurried = {
      ...db.owner,
      script: (sql: string) => db.owner.script(sql.replace("lock_timeout = '5s'", "lock_timeout = '100ms'")),
    };
    const blocked = await applyAdvice({ session: hurried, steps, pauseMs: 1 });
    expect(blocked).toEqual([expect.objectContaining({ outcome: 'failed', detail: expect.stringContaining('lock timeout') })]);
    await db.admin.script('ROLLBACK');
    expect(await apply()).toEqual([expect.objectContaining({ outcome: 'done' })]);
    expect(await statuses()).toEqual(allPresent);
  });

  test('whose build is stopped by its operator is not left half built', async () => {
    await db.owner.script('DROP INDEX retail.idx_customers_store_email');
    // The build waits for this one, with the index already in the catalog.
    const reader = await openOwnerSession(db.address as never, { user: db.role('operator'), password: db.password });
    await reader.script('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM retail.customers');
    const stop = new AbortController();
    const building = apply(stop.signal);
    const told = expect(building).rejects.toThrow('stopped by a person');
    await expect
      .poll(() => db.admin.query("SELECT 1 AS there FROM pg_class WHERE relname = 'idx_customers_store_email'"), {
        timeout: 10_000,
      })
      .toHaveLength(1);
    stop.abort(new AppError('dependency_unavailable', 'stopped by a person'));
    // A half-built index cannot be dropped before the readers that may still see it are gone.
    await expect
      .poll(() =>
        db.admin.query("SELECT 1 AS tried FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'DROP INDEX%'"),
      )
      .toHaveLength(1);
    await reader.script('ROLLBACK');
    await told;
    await reader.close();
    const left = await db.admin.query("SELECT 1 AS there FROM pg_class WHERE relname = 'idx_customers_store_email'");
    expect(left).toEqual([]);
    await apply();
    expect(await statuses()).toEqual(allPresent);
  });
});
