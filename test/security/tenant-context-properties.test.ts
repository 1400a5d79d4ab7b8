import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

/** A relation as a caller names it, and the same one with the stores filtered by hand. */
interface Source {
  readonly relation: string;
  readonly byHand: (stores: string) => string;
  readonly keys: readonly string[];
  readonly measures: readonly string[];
  readonly filters: readonly string[];
}

const byStore = (relation: string) => (stores: string) => `(SELECT * FROM retail.${relation} WHERE store_id IN (${stores}))`;

const sources: readonly Source[] = [
  {
    relation: 'orders',
    byHand: byStore('orders'),
    keys: ['store_id', 'order_id', 'customer_id', 'EXTRACT(YEAR FROM order_date)'],
    measures: ['total_amount', 'order_id'],
    filters: ['total_amount > 100', "order_date >= date '2024-01-01'", 'order_id % 3 = 0', 'store_id <> 1', 'store_id IN (1, 2)'],
  },
  {
    relation: 'order_items',
    byHand: byStore('order_items'),
    keys: ['store_id', 'product_id', 'discount_percent', 'order_id'],
    measures: ['quantity', 'total_amount', 'unit_price'],
    filters: ['quantity > 1', 'discount_percent = 0', 'store_id = 2 OR quantity = 1', 'NOT (product_id < 200)'],
  },
  {
    relation: 'inventory',
    byHand: byStore('inventory'),
    keys: ['store_id', 'product_id'],
    measures: ['stock_level', 'product_id'],
    filters: ['stock_level < 50', 'product_id BETWEEN 10 AND 300', 'store_id > 3'],
  },
  {
    relation: 'customers',
    byHand: (stores) =>
      `(SELECT * FROM retail.customers c WHERE primary_store_id IN (${stores})
        OR EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id AND o.store_id IN (${stores})))`,
    keys: ['primary_store_id', 'customer_id', 'left(first_name, 1)'],
    measures: ['customer_id', 'length(last_name)'],
    filters: ["first_name < 'M'", 'primary_store_id = 1', 'customer_id > 50'],
  },
  ...['sales_by_day', 'sales_by_month_product', 'sales_by_month_category'].map((relation) => ({
    relation,
    byHand: byStore(relation),
    keys: ['store_id', relation === 'sales_by_day' ? 'order_date' : 'month'],
    measures: ['revenue', 'quantity', 'lines'],
    filters: ['revenue > 100', 'lines > 1', 'store_id BETWEEN 2 AND 5'],
  })),
];

/** A query as a function of how its relations are written, so that both sides are the same text but for them. */
type Query = (from: (source: Source) => string) => string;

const aggregate = fc.constantFrom('sum', 'min', 'max', 'count', 'avg');
const where = (source: Source) => fc.constantFrom('', ...source.filters.map((filter) => ` WHERE ${filter}`));
const anySource = fc.constantFrom(...sources);

const keyed = (source: Source) =>
  fc.record({
    key: fc.constantFrom(...source.keys),
    measure: fc.constantFrom(...source.measures),
    call: aggregate,
    filter: where(source),
  });

const grouped: fc.Arbitrary<Query> = anySource.chain((source) =>
  keyed(source).map(
    ({ key, measure, call, filter }): Query =>
      (from) =>
        `SELECT ${key} AS k, ${call}(${measure}), count(*) FROM ${from(source)} t${filter} GROUP BY 1 ORDER BY 1, 2, 3`,
  ),
);
const windowed: fc.Arbitrary<Query> = anySource.chain((source) =>
  keyed(source).map(
    ({ key, measure, call, filter }): Query =>
      (from) =>
        `SELECT k, max(w), count(*) FROM (SELECT ${key} AS k, ${call}(${measure}) OVER (PARTITION BY ${key}) AS w FROM ${from(source)} t${filter}) x GROUP BY 1 ORDER BY 1`,
  ),
);
const joined: fc.Arbitrary<Query> = fc
  .record({
    kind: fc.constantFrom('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'),
    pair: fc.constantFrom([0, 1, 'order_id'], [0, 3, 'customer_id'], [1, 2, 'product_id'], [0, 4, 'order_date']) as fc.Arbitrary<
      [number, number, string]
    >,
    call: aggregate,
  })
  .map(({ kind, pair: [left, right, column], call }): Query => {
    const [a, b] = [sources[left]!, sources[right]!];
    return (from) =>
      `SELECT count(*), count(a.${column}), count(b.${column}), ${call}(a.${a.measures[0]}), ${call}(b.${b.measures[0]})
       FROM ${from(a)} a ${kind} ${from(b)} b ON a.${column} = b.${column}`;
  });
const subquery: fc.Arbitrary<Query> = fc.record({ outer: anySource, inner: anySource, negated: fc.boolean() }).map(
  ({ outer, inner, negated }): Query =>
    (from) =>
      `SELECT count(*), (SELECT max(${inner.measures[0]}) FROM ${from(inner)} i) FROM ${from(outer)} o
     WHERE ${negated ? 'NOT ' : ''}(o.${outer.keys[0]} IN (SELECT i.${inner.keys[0]} FROM ${from(inner)} i))`,
);
const setOperation: fc.Arbitrary<Query> = fc
  .record({ a: anySource, b: anySource, operator: fc.constantFrom('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT') })
  .map(
    ({ a, b, operator }): Query =>
      (from) =>
        `SELECT count(*), sum(k) FROM (SELECT t.${a.keys[0]} AS k FROM ${from(a)} t ${operator} SELECT t.${b.keys[0]} FROM ${from(b)} t) u`,
  );

onEveryDatabase('Within any scope', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('any analytic query answers as the owner’s with the stores filtered by hand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 8 }),
        fc.oneof(grouped, windowed, joined, subquery, setOperation),
        async (stores, query) => {
          const asTenant = await db.asStores(
            stores,
            query((source) => `retail.${source.relation}`),
            { timeoutMs: 15_000 },
          );
          const [asOwner] = await db.owner.query(
            `SELECT coalesce(json_agg(to_json(ARRAY(SELECT value FROM json_each_text(row_to_json(q))))), '[]')::text AS rows
             FROM (SELECT * FROM (${query((source) => source.byHand(stores.join(', ')))}) q LIMIT 1000) q`,
          );
          const expected = JSON.parse(asOwner?.rows ?? '[]') as (string | null)[][];
          expect(asTenant.rows.map((row) => row.map(plain))).toEqual(expected.map((row) => row.map(plain)));
        },
      ),
      { numRuns: 60, seed: 20250721 },
    );
  }, 90_000);
});

/** `1.50` and `1.5` are one number: json prints what the type prints, so only text needs no help. */
const plain = (value: string | null) => (value !== null && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value);
