import { afterAll, beforeAll, expect, test } from 'vitest';
import { stateOf } from '../security/as-role.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

const [unique, foreign, check, notNull] = ['23505', '23503', '23514', '23502'];

onEveryDatabase('The retail schema', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const line = (columns: Record<string, string>) => {
    const all = {
      order_id: '1',
      store_id: '(SELECT store_id FROM retail.orders WHERE order_id = 1)',
      product_id: '1',
      quantity: '2',
      unit_price: '5',
      total_amount: '10',
      ...columns,
    };
    return `INSERT INTO retail.order_items (${Object.keys(all).join(', ')}) VALUES (${Object.values(all).join(', ')})`;
  };
  const store = (columns: Record<string, string>) => {
    const all = { store_id: '90', store_name: "'New'", rls_user_id: 'gen_random_uuid()', region_id: '1', ...columns };
    return `INSERT INTO retail.stores (${Object.keys(all).join(', ')}) VALUES (${Object.values(all).join(', ')})`;
  };

  test.each([
    ['a good line', line({}), 'ok'],
    [
      'a line whose store differs from its order’s',
      line({ store_id: '(SELECT 1 + store_id % 8 FROM retail.orders WHERE order_id = 1)' }),
      foreign,
    ],
    [
      'an order that moves to another store without its lines',
      'UPDATE retail.orders SET store_id = 1 + store_id % 8 WHERE order_id = 1',
      foreign,
    ],
    ['a line whose total does not add up', line({ total_amount: '9.99' }), check],
    ['a line of nothing', line({ quantity: '0', total_amount: '0' }), check],
    ['a line at no price', line({ unit_price: '0', total_amount: '0' }), check],
    ['a discount beyond 100 percent', line({ discount_percent: '101' }), check],
    ['a negative discount', line({ discount_amount: '-1', total_amount: '11' }), check],
    ['an order of a negative total', 'UPDATE retail.orders SET total_amount = -1', check],
    ['a good store', store({}), 'ok'],
    [
      'a second store with the same tenant id',
      store({ rls_user_id: '(SELECT rls_user_id FROM retail.stores WHERE store_id = 1)' }),
      unique,
    ],
    ['a store called by the id that means every store', store({ rls_user_id: "'00000000-0000-0000-0000-000000000000'" }), check],
    ['a store without a region', store({ region_id: 'NULL' }), notNull],
    ['a store of an unknown region', store({ region_id: '77' }), foreign],
    ['a product below its cost', 'UPDATE retail.products SET base_price = cost - 0.01 WHERE product_id = 1', check],
    [
      'a product of another category’s type',
      'UPDATE retail.products SET category_id = 1 + category_id % 9 WHERE product_id = 1',
      foreign,
    ],
    ['a margin beyond 100 percent', 'UPDATE retail.products SET gross_margin_percent = 101 WHERE product_id = 1', check],
    ['negative stock', 'UPDATE retail.inventory SET stock_level = -1', check],
    ['an e-mail address in capitals', "UPDATE retail.customers SET email = 'A@B.C' WHERE customer_id = 1", check],
    ['an e-mail address without an at', "UPDATE retail.customers SET email = 'a.b.c' WHERE customer_id = 1", check],
    ['two customers with one e-mail address', "UPDATE retail.customers SET email = 'a@b.c'", unique],
    [
      'a second type of one name in a category',
      'INSERT INTO retail.product_types (category_id, type_name) SELECT category_id, type_name FROM retail.product_types LIMIT 1',
      unique,
    ],
    [
      'an embedding of other dimensions than it says',
      "INSERT INTO retail.product_description_embeddings (product_id, model, dimensions, description_embedding, content_hash) VALUES (1, 'm', 3, '[1,2]', 'h')",
      check,
    ],
    [
      'embeddings of two models side by side',
      "INSERT INTO retail.product_description_embeddings (product_id, model, dimensions, description_embedding, content_hash) VALUES (1, 'm', 2, '[1,2]', 'h'), (1, 'n', 3, '[1,2,3]', 'h')",
      'ok',
    ],
  ])('%s: %s ends with %s', async (_name, sql, state) => {
    expect(
      await stateOf(
        db,
        'owner',
        sql.replace("'[1,2]'", "'[1,2]'::extensions.vector").replace("'[1,2,3]'", "'[1,2,3]'::extensions.vector"),
      ),
    ).toBe(state);
  });

  test('every tenant table has row-level security enabled and forced, and a policy for its readers', async () => {
    const rows = await db.admin.query(
      `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('store_id', 'primary_store_id')
       WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind = 'r' AND c.relname <> 'stores' AND NOT (c.relrowsecurity AND c.relforcerowsecurity
         AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = c.relname || '_in_scope'))`,
    );
    expect(rows).toEqual([]);
  });

  test('every view runs with the rights of who asks', async () => {
    const rows = await db.admin.query(
      `SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'retail'::regnamespace
       AND NOT coalesce(reloptions @> '{security_invoker=true}', false)`,
    );
    expect(rows).toEqual([]);
  });

  test('every function on the owner’s rights has a fixed search path', async () => {
    const rows = await db.admin.query(
      `SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text IN ('retail', 'ops', 'audit', 'keys')
       AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false)`,
    );
    expect(rows).toEqual([]);
  });
});
