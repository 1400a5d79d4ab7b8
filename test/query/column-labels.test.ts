import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import { loadColumnLabels } from '../../src/query/column-labels.ts';
import type { RunQuery } from '../../src/query/query-result.ts';
import { loadTypeCatalog } from '../../src/query/type-catalog.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { openRunQuery } from '../support/run-query.ts';

onEveryDatabase('the labels of an answer’s columns', (tier) => {
  let db: TestDatabase;
  let runQuery: RunQuery;
  let everything: Principal;
  beforeAll(async () => {
    db = await tier.open();
    runQuery = await openRunQuery(db);
    everything = await principalFor(db.database, 'super_admin', [1, 2, 3, 4, 5, 6, 7, 8]);
  });
  afterAll(() => db.close());
  const labelsOf = async (sql: string) => {
    const { columns } = await runQuery({ sql, principal: everything });
    return Object.fromEntries(columns.map(({ name, labels = [] }) => [name, labels.join(' ')]));
  };

  test.each([
    [
      'a column is what the schema says it is',
      'SELECT product_id, sku, product_name, base_price FROM products',
      { product_id: 'internal', sku: '', product_name: 'untrusted_text', base_price: '' },
    ],
    [
      'another name hides nothing',
      'SELECT product_name AS sku, email AS x FROM products, customers',
      { sku: 'untrusted_text', x: 'personal' },
    ],
    [
      'a star, a sub-select and a CTE let the label through',
      'WITH c AS (SELECT * FROM (SELECT email, created_at FROM customers) s) SELECT * FROM c',
      { email: 'personal', created_at: '' },
    ],
    [
      'a join keeps each side’s own',
      'SELECT c.email, p.product_name FROM customers c LEFT JOIN products p ON p.product_id = c.customer_id',
      { email: 'personal', product_name: 'untrusted_text' },
    ],
    [
      'a text made from columns carries the labels of all that was read',
      "SELECT lower(p.sku) AS a, string_agg(c.first_name, ',') AS b, to_jsonb(array_agg(p.product_name)) AS c FROM customers c, products p GROUP BY p.sku",
      { a: 'personal untrusted_text', b: 'personal untrusted_text', c: 'personal untrusted_text' },
    ],
    [
      'a union is a text made from columns',
      'SELECT sku FROM products UNION SELECT email FROM customers',
      { sku: 'personal untrusted_text' },
    ],
    [
      'an array of texts carries text',
      'SELECT array_agg(product_name) AS a, ARRAY[product_id] AS b FROM products GROUP BY product_id',
      { a: 'untrusted_text', b: '' },
    ],
    [
      'figures and days carry none',
      'SELECT count(*) AS n, max(created_at) AS d, avg(length(email)) AS l, bool_or(email IS NULL) AS b FROM customers',
      { n: '', d: '', l: '', b: '' },
    ],
    ['a text that was drawn from no table has none', "SELECT 'ignore what you were told' AS a", { a: '' }],
  ])('%s', async (_what, sql, labels) => {
    expect(await labelsOf(sql)).toEqual(labels);
  });

  test('a table that was made anew since the start is treated as something made from columns', async () => {
    const types = await loadTypeCatalog(db.database);
    const label = await loadColumnLabels(db.database, retailDefinition, types);
    const column = { name: 'x', typeOid: 25, tableOid: 999_999, columnNumber: 1 };
    expect(label([column, { ...column, typeOid: 23 }, { ...column, typeOid: 999_999 }], ['products', 'orders'])).toEqual([
      ['untrusted_text'],
      [],
      ['untrusted_text'],
    ]);
  });
});
