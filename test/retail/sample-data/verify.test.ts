import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OwnerSession } from '../../../src/postgres/database.ts';
import { checkEncoding } from '../../../src/retail/sample-data/data-checks.ts';
import type { EmbeddingExpectation } from '../../../src/retail/sample-data/embedding-check.ts';
import { verifySampleData } from '../../../src/retail/sample-data/verify.ts';
import { onEveryDatabase, type TestDatabase } from '../../support/databases.ts';

/** What breaks the data, what mends it again, and which checks must notice. */
const damages: { what: string; breakIt: string; mendIt: string; noticedBy: string[] }[] = [
  {
    what: 'an order total',
    breakIt: 'UPDATE retail.orders SET total_amount = total_amount + 0.01 WHERE order_id = 1',
    mendIt: 'UPDATE retail.orders SET total_amount = total_amount - 0.01 WHERE order_id = 1',
    noticedBy: ['order_totals'],
  },
  {
    what: 'a line total',
    breakIt: 'UPDATE retail.order_items SET discount_amount = discount_amount + 1 WHERE order_item_id = 1',
    mendIt: 'UPDATE retail.order_items SET discount_amount = discount_amount - 1 WHERE order_item_id = 1',
    noticedBy: ['line_totals'],
  },
  {
    what: "a line's store",
    breakIt: 'UPDATE retail.order_items SET store_id = 9 - store_id WHERE order_item_id = 1',
    mendIt: 'UPDATE retail.order_items SET store_id = 9 - store_id WHERE order_item_id = 1',
    noticedBy: ['line_stores', 'orphans'],
  },
  {
    what: 'a reference to a row that does not exist',
    breakIt: 'UPDATE retail.customers SET primary_store_id = 100 + primary_store_id WHERE customer_id = 1',
    mendIt: 'UPDATE retail.customers SET primary_store_id = primary_store_id - 100 WHERE customer_id = 1',
    noticedBy: ['orphans'],
  },
  {
    what: 'a repeated e-mail address',
    breakIt:
      'UPDATE retail.customers SET email = (SELECT email FROM retail.customers WHERE customer_id = 2) WHERE customer_id = 1',
    mendIt: "UPDATE retail.customers SET email = 'first@example.com' WHERE customer_id = 1",
    noticedBy: ['emails'],
  },
  {
    what: 'an order before its customer',
    breakIt: "UPDATE retail.customers SET created_at = created_at + interval '20 years' WHERE customer_id = 1",
    mendIt: "UPDATE retail.customers SET created_at = created_at - interval '20 years' WHERE customer_id = 1",
    noticedBy: ['order_dates'],
  },
  {
    what: 'a rollup of days',
    breakIt: 'UPDATE retail.sales_by_day SET revenue = revenue + 0.01 WHERE store_id = 1',
    mendIt: 'UPDATE retail.sales_by_day SET revenue = revenue - 0.01 WHERE store_id = 1',
    noticedBy: ['rollups'],
  },
  {
    what: 'a rollup of products',
    breakIt: 'UPDATE retail.sales_by_month_product SET quantity = quantity + 1 WHERE product_id = 7',
    mendIt: 'UPDATE retail.sales_by_month_product SET quantity = quantity - 1 WHERE product_id = 7',
    noticedBy: ['rollups'],
  },
  {
    what: 'a rollup of categories',
    breakIt: 'UPDATE retail.sales_by_month_category SET lines = lines + 1 WHERE category_id = 1',
    mendIt: 'UPDATE retail.sales_by_month_category SET lines = lines - 1 WHERE category_id = 1',
    noticedBy: ['rollups'],
  },
  {
    what: 'a doubled apostrophe',
    breakIt: "UPDATE retail.customers SET last_name = 'O''''Brien' WHERE customer_id = 1",
    mendIt: "UPDATE retail.customers SET last_name = 'O''Brien' WHERE customer_id = 1",
    noticedBy: ['text'],
  },
  {
    what: 'a trailing blank',
    breakIt: "UPDATE retail.products SET product_name = product_name || E'\\t' WHERE product_id = 1",
    mendIt: "UPDATE retail.products SET product_name = rtrim(product_name, E'\\t') WHERE product_id = 1",
    noticedBy: ['text'],
  },
  {
    what: 'a replacement character',
    breakIt: "UPDATE retail.stores SET store_name = store_name || U&'\\FFFD' WHERE store_id = 1",
    mendIt: "UPDATE retail.stores SET store_name = rtrim(store_name, U&'\\FFFD') WHERE store_id = 1",
    noticedBy: ['text'],
  },
  {
    what: 'a missing row of stock',
    breakIt:
      'UPDATE retail.inventory SET store_id = 100 WHERE (store_id, product_id) = (1, 1); DELETE FROM retail.inventory WHERE store_id = 100',
    mendIt: 'INSERT INTO retail.inventory VALUES (1, 1, 5)',
    noticedBy: ['counts'],
  },
  {
    what: 'a date outside the range',
    breakIt: 'UPDATE retail.orders SET order_date = order_date + 3000 WHERE order_id = 1',
    mendIt: 'UPDATE retail.orders SET order_date = order_date - 3000 WHERE order_id = 1',
    noticedBy: ['years'],
  },
];

onEveryDatabase('verifying the sample data', (tier) => {
  let shop: TestDatabase;
  const failures = async (
    request: { embeddings?: EmbeddingExpectation; options?: { scale?: number; endDate?: string } } = {},
  ) => {
    const { checks, passed } = await verifySampleData({ session: shop.owner, ...request });
    const failed = checks.filter((check) => !check.passed);
    expect(passed).toBe(failed.length === 0);
    return failed;
  };

  beforeAll(async () => {
    shop = await tier.open();
    // The constraints would refuse most of the damages: the verification must not rely on them.
    const constraints = await shop.owner.query(
      `SELECT conrelid::regclass AS relation, quote_ident(conname) AS name FROM pg_constraint
       WHERE connamespace = 'retail'::regnamespace AND (contype IN ('c', 'f') OR conname = 'customers_email_key')`,
    );
    await shop.owner.script(
      constraints.map(({ relation, name }) => `ALTER TABLE ${relation} DROP CONSTRAINT ${name};`).join('\n'),
    );
  });
  afterAll(() => shop.close());

  test('passes on what was loaded, naming every check', async () => {
    const { checks, passed } = await verifySampleData({ session: shop.owner });
    expect(passed).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual([
      'counts',
      'store_shares',
      'years',
      'seasons',
      'order_totals',
      'line_totals',
      'line_stores',
      'orphans',
      'emails',
      'order_dates',
      'rollups',
      'text',
      'encoding',
    ]);
  });

  test.each(damages)('finds $what', async ({ breakIt, mendIt, noticedBy }) => {
    await shop.owner.script(breakIt);
    try {
      expect((await failures()).map(({ name }) => name)).toEqual(expect.arrayContaining(noticedBy));
    } finally {
      await shop.owner.script(mendIt);
    }
  });

  test('finds nothing once all of that is mended', async () => {
    expect(await failures()).toEqual([]);
  });

  test('fails when another scale or an earlier end was asked for', async () => {
    expect(await failures({ options: { scale: 300 } })).toMatchObject([
      { name: 'counts', detail: expect.stringMatching(/not 300/) },
    ]);
    expect(await failures({ options: { endDate: '2024-12-31' } })).toMatchObject([{ name: 'years' }]);
  });

  test('leaves no transaction open when it fails', async () => {
    await expect(verifySampleData({ session: shop.owner, options: { endDate: 'soon' } })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    const [row] = await shop.owner.query("SELECT current_setting('transaction_isolation') AS isolation");
    expect(row).toEqual({ isolation: 'read committed' });
  });

  describe('with embeddings', () => {
    const expectation: EmbeddingExpectation = {
      model: 'tiny',
      dimensions: 2,
      contentHash: ({ name, category, type, description }) => `${category}/${type}/${name}/${description.length}`,
    };

    test('says that there are none yet', async () => {
      const { checks } = await verifySampleData({ session: shop.owner, embeddings: expectation });
      expect(checks.at(-1)).toEqual({ name: 'embeddings', passed: true, detail: 'not applicable: no vectors of tiny yet' });
    });

    test('passes when every product has a current vector', async () => {
      await shop.owner.script(`
        INSERT INTO retail.product_description_embeddings (product_id, model, dimensions, description_embedding, content_hash)
        SELECT product_id, 'tiny', 2, '[1,0]', concat_ws('/', category_name, type_name, product_name, length(product_description))
        FROM retail.products JOIN retail.categories USING (category_id) JOIN retail.product_types USING (type_id)`);
      const { checks } = await verifySampleData({ session: shop.owner, embeddings: expectation });
      expect(checks.at(-1)).toEqual({ name: 'embeddings', passed: true, detail: '419 vectors of tiny' });
    });

    test('finds missing, outdated, wrongly sized and zero vectors', async () => {
      await shop.owner.script(`
        DELETE FROM retail.product_description_embeddings WHERE product_id = 1;
        UPDATE retail.product_description_embeddings SET content_hash = 'old' WHERE product_id IN (2, 3);
        UPDATE retail.product_description_embeddings SET description_embedding = '[1,0,0]', dimensions = 3 WHERE product_id = 4;
        UPDATE retail.product_description_embeddings SET description_embedding = '[0,0]' WHERE product_id = 5`);
      expect(await failures({ embeddings: expectation })).toEqual([
        {
          name: 'embeddings',
          passed: false,
          detail: '1 products without a vector; 2 vectors of an older text; 1 vectors without 2 dimensions; 1 zero vectors',
        },
      ]);
    });
  });

  test('an empty database fails by its counts, and breaks nothing', async () => {
    await shop.owner.script(`TRUNCATE retail.order_items, retail.orders, retail.inventory, retail.customers, retail.products,
      retail.product_types, retail.categories, retail.stores, retail.regions, retail.product_description_embeddings`);
    expect((await failures()).map(({ name }) => name)).toEqual(['counts']);
  });
});

test('text of a database in another encoding proves nothing', async () => {
  const session = { query: async () => [{ encoding: 'SQL_ASCII' }] } as unknown as OwnerSession;
  expect(await checkEncoding(session)).toMatchObject({ passed: false, detail: 'server encoding SQL_ASCII' });
});
