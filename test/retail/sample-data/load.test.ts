import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OwnerSession } from '../../../src/postgres/database.ts';
import { digestSampleData, digestTables } from '../../../src/retail/sample-data/digest.ts';
import { generateSampleData } from '../../../src/retail/sample-data/generate.ts';
import { type LoadProgress, type LoadRequest, loadSampleData } from '../../../src/retail/sample-data/load.ts';
import { parseSampleDataOptions, type SampleDataOptions } from '../../../src/retail/sample-data/options.ts';
import { loadReferenceData } from '../../../src/retail/sample-data/reference-data.ts';
import { verifySampleData } from '../../../src/retail/sample-data/verify.ts';
import { onEveryDatabase, type TestDatabase, testScale } from '../../support/databases.ts';

const promised = (options: Partial<SampleDataOptions>) =>
  digestSampleData(generateSampleData(loadReferenceData(), parseSampleDataOptions(options)));
const small = { scale: 30, seed: 9, endDate: '2021-05-20' };

onEveryDatabase('loading the sample data', (tier) => {
  let shop: TestDatabase;
  let load: (request: Partial<LoadRequest>) => ReturnType<typeof loadSampleData>;
  const digests = async () => {
    await shop.owner.script("BEGIN; SET LOCAL datestyle TO 'ISO, YMD'");
    try {
      return await digestTables(shop.owner, 'retail');
    } finally {
      await shop.owner.script('ROLLBACK');
    }
  };
  /** The owner's session with one of its verbs replaced. */
  const owner = (changes: Partial<OwnerSession>): OwnerSession => ({
    query: (text, values) => shop.owner.query(text, values),
    script: (text) => shop.owner.script(text),
    copyRows: (table, columns, rows) => shop.owner.copyRows(table, columns, rows),
    close: async () => {},
    ...changes,
  });

  beforeAll(async () => {
    shop = await tier.open();
    load = (request) => loadSampleData({ session: shop.owner, ...request });
  });
  afterAll(() => shop.close());

  test('stores exactly what the generator promises, and the verification passes', async () => {
    const verification = await verifySampleData({ session: shop.owner });
    expect(verification.checks.filter((check) => !check.passed)).toEqual([]);
    expect(verification.passed).toBe(true);
    expect(verification.digests).toMatchObject(promised({ scale: testScale }));
    expect(Object.keys(verification.digests)).toHaveLength(12);
  });

  test('refuses a database that has rows, and says where', async () => {
    const before = await digests();
    await expect(load({ options: small })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/rows in regions, stores, .*order_items/),
      hint: expect.stringMatching(/--force/),
    });
    expect(await digests()).toEqual(before);
  });

  test('takes all of a load back when it is aborted in the middle', async () => {
    const before = await digests();
    const abort = new AbortController();
    const reason = new Error('Ctrl-C');
    const steps: string[] = [];
    const onProgress = ({ step, done }: LoadProgress) => {
      steps.push(step);
      if (step === 'order_items' && done >= 50) abort.abort(reason);
    };
    const loading = load({ options: { ...small, force: true, batchSize: 25 }, onProgress, signal: abort.signal });
    await expect(loading).rejects.toBe(reason);
    expect(steps).toContain('orders');
    expect(steps).not.toContain('rollups');
    expect(await digests()).toEqual(before);
  });

  test('does not begin when it was aborted before', async () => {
    const session = owner({ script: () => Promise.reject(new Error('a statement was sent')) });
    await expect(load({ session, signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
  });

  test('tells a full disk from other failures and leaves the rows as they were', async () => {
    const before = await digests();
    const failingWith = (error: Error) =>
      owner({
        copyRows: (table, columns, rows) =>
          table === 'retail.orders' ? Promise.reject(error) : shop.owner.copyRows(table, columns, rows),
      });
    const diskFull = Object.assign(new Error('could not extend file'), { code: '53100' });
    await expect(load({ session: failingWith(diskFull), options: { ...small, force: true } })).rejects.toMatchObject({
      code: 'dependency_unavailable',
      message: expect.stringMatching(/disk space; nothing was loaded/),
      cause: diskFull,
    });
    const other = new Error('something else');
    await expect(load({ session: failingWith(other), options: { ...small, force: true } })).rejects.toBe(other);
    expect(await digests()).toEqual(before);
  });

  test('tells the first failure when the rollback fails too', async () => {
    const script = (text: string) =>
      text === 'BEGIN' ? Promise.resolve() : Promise.reject(new Error(text === 'ROLLBACK' ? 'second' : 'first'));
    await expect(load({ session: owner({ script }) })).rejects.toThrow('first');
  });

  test.each([0, 1.5, 1_000_000])('refuses a batch of %s rows', async (batchSize) => {
    await expect(load({ options: { batchSize } })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('fills an empty database without force, once', async () => {
    await shop.owner.script(`TRUNCATE retail.order_items, retail.orders, retail.inventory, retail.customers, retail.products,
      retail.product_types, retail.categories, retail.stores, retail.regions,
      retail.sales_by_day, retail.sales_by_month_product, retail.sales_by_month_category,
      retail.product_description_embeddings, retail.product_image_embeddings`);
    // 419 products and 3,352 rows of stock: whole batches without a rest.
    await load({ options: { ...small, batchSize: 419 } });
    expect(await digests()).toMatchObject(promised(small));
    await expect(load({ options: small })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('replaces everything when forced, step by step, and leaves a database that can be written', async () => {
    const progress: LoadProgress[] = [];
    const version = async () => {
      const [row] = await shop.owner.query("SELECT version FROM ops.table_versions WHERE table_name = 'orders'");
      return Number(row?.version);
    };
    const before = await version();
    const result = await load({ options: { ...small, force: true, batchSize: 40 }, onProgress: (each) => progress.push(each) });

    const verification = await verifySampleData({ session: shop.owner, options: { scale: 30, endDate: small.endDate } });
    expect(verification.checks.filter((check) => !check.passed)).toEqual([]);
    expect(verification.digests).toMatchObject(promised(small));
    expect(result).toMatchObject({ options: small, rows: { customers: 30, inventory: 3352 } });
    expect([...new Set(progress.map(({ step }) => step))]).toEqual([
      'regions',
      'stores',
      'categories',
      'product_types',
      'products',
      'customers',
      'inventory',
      'orders',
      'order_items',
      'rollups',
      'sequences',
      'analyze',
    ]);
    expect(progress.filter(({ step, done }) => step === 'inventory' && done > 0)).toHaveLength(Math.ceil(3352 / 40));
    expect(progress.at(-1)).toEqual({ step: 'analyze', done: 1, total: 1 });
    expect(await version()).toBeGreaterThan(before);

    const [customer] = await shop.owner.query(
      "INSERT INTO retail.customers (first_name, last_name, email) VALUES ('Ada', 'New', 'ada@example.com') RETURNING customer_id",
    );
    expect(customer).toEqual({ customer_id: '31' });
  });

  test('switches row-level security and the rollup triggers on again', async () => {
    const guarded = await shop.owner.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'retail'::regnamespace AND relforcerowsecurity ORDER BY 1`,
    );
    expect(guarded.map(({ relname }) => relname)).toEqual([
      'customers',
      'inventory',
      'order_items',
      'orders',
      'sales_by_day',
      'sales_by_month_category',
      'sales_by_month_product',
    ]);
    const disabled = await shop.owner.query(
      `SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       WHERE c.relnamespace = 'retail'::regnamespace AND t.tgenabled <> 'O'`,
    );
    expect(disabled).toEqual([]);
    const [rollup] = await shop.owner.query('SELECT count(*) AS days FROM retail.sales_by_day');
    await shop.owner.query(
      "INSERT INTO retail.orders (customer_id, store_id, order_date, total_amount) VALUES (1, 1, '2026-12-31', 0)",
    );
    const [after] = await shop.owner.query('SELECT count(*) AS days FROM retail.sales_by_day');
    expect(Number(after?.days)).toBe(Number(rollup?.days) + 1);
  });
});
