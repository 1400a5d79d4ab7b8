import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { retailSchema } from '../../src/app/served-schema.ts';
import type { Principal } from '../../src/core/principal.ts';
import { createToolCatalog, type ToolCatalog } from '../../src/mcp/catalog.ts';
import { createReadDashboard } from '../../src/metrics/read-dashboard.ts';
import { createExplainAccess } from '../../src/query/explain-access.ts';
import { retailDashboard } from '../../src/retail/dashboard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { retailWording } from '../../src/retail/wording.ts';
import { onEveryDatabase, principalFor, type TestDatabase, tenantDirectory } from '../support/databases.ts';
import { openMetrics, testToday } from '../support/metrics.ts';
import { canaries, plantCanaries } from './canaries.ts';
import { recordAnswer } from './record-answer.ts';

const roles = ['store_manager', 'regional_manager', 'super_admin'] as const;
const stores = [1, 2, 3, 4, 5, 6, 7, 8];
/** Stores of a role that is given one of them: hers, its region's, or that one as head office narrows to it. */
const regions = [[1, 2, 6, 7], [3], [5], [4], [8]];
const scopeOf = (role: string, store: number) =>
  role === 'regional_manager' ? (regions.find((own) => own.includes(store)) ?? []) : [store];

const unserved = async () => Promise.reject(new Error('not asked here'));

onEveryDatabase('The tools that answer by themselves', (tier) => {
  let db: TestDatabase;
  let tools: ToolCatalog;
  let names: Map<number, string>;
  let statements: string[];
  beforeAll(async () => {
    db = await tier.open();
    await plantCanaries(db);
    const metrics = await openMetrics(db);
    statements = metrics.statements;
    tools = createToolCatalog({
      wording: retailWording,
      runQuery: metrics.runQuery,
      describeTables: unserved,
      searchProducts: unserved,
      metrics: retailMetrics,
      getMetrics: metrics.getMetrics,
      readDashboard: createReadDashboard({
        ...{ definition: retailDashboard, metrics: retailMetrics, clock: testToday },
        ...{ getMetrics: metrics.getMetrics, runQuery: metrics.runQuery, extentOf: metrics.extentOf },
      }),
      ...retailSchema.reports({ runQuery: metrics.runQuery, database: db.database, clock: testToday }),
      explainAccess: createExplainAccess({
        database: db.database,
        definition: retailDefinition,
        prefix: db.role('').slice(0, -1),
      }),
      clock: testToday,
    });
    names = new Map((await tenantDirectory(db.database)).map(({ id, name }) => [id, name]));
  });
  afterAll(() => db.close());

  const call = async (name: string, args: object, principal: Principal) => {
    const tool = tools.find(name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    return tool.answer(args, { principal, requestId: 'test', signal: new AbortController().signal });
  };
  const structured = async (name: string, args: object, principal: Principal) =>
    JSON.parse((await call(name, args, principal)).structuredJson ?? '{}') as {
      rows: unknown[][];
      scope: string[];
      tenants: string[];
    };
  const owned = async (sql: string) => db.owner.query(sql);

  describe.each(roles)('as %s', (role) => {
    test.each(stores)('of store %i show the rows of that scope and no other', async (store) => {
      const scope = scopeOf(role, store);
      const inScope = scope.join(', ');
      const caller = await principalFor(db.database, role, scope);
      const own = scope.map((id) => names.get(id)).sort();

      const byStore = await structured(
        'get_sales_metrics',
        { metrics: ['orders', 'revenue', 'customers'], dimensions: ['store'], period: 'all' },
        caller,
      );
      const wanted = await owned(
        `SELECT s.store_name, count(*) AS n, sum(o.total_amount) AS r, count(DISTINCT o.customer_id) AS c FROM retail.orders o JOIN retail.stores s USING (store_id) WHERE store_id IN (${inScope}) GROUP BY 1`,
      );
      expect(new Map(byStore.rows.map(([name, ...figures]) => [name, figures]))).toEqual(
        new Map(wanted.map((row) => [row.store_name, [Number(row.n), Number(row.r), Number(row.c)]])),
      );
      const whole = await structured('get_sales_metrics', { metrics: ['revenue', 'stock_level'], period: 'all' }, caller);
      const [sums] = await owned(
        `SELECT (SELECT sum(total_amount) FROM retail.orders WHERE store_id IN (${inScope})) AS r, (SELECT sum(stock_level) FROM retail.inventory WHERE store_id IN (${inScope})) AS s`,
      );
      expect(whole.rows).toEqual([[Number(sums?.r), Number(sums?.s)]]);

      const stock = await structured('get_inventory_status', { sku: 'PLFCT002' }, caller);
      expect(stock.rows.map(([name]) => name).sort()).toEqual(own);
      const trending = await structured('get_product_recommendations', { kind: 'trending', limit: 50, days_back: 365 }, caller);
      const last = (await owned(`SELECT max(order_date) AS day FROM retail.orders WHERE store_id IN (${inScope})`))[0]?.day;
      const sold = await owned(
        `SELECT p.sku, sum(i.quantity) AS units FROM retail.orders o JOIN retail.order_items i USING (order_id) JOIN retail.products p USING (product_id) WHERE o.store_id IN (${inScope}) AND o.order_date > date '${last}' - 365 GROUP BY 1`,
      );
      const units = new Map(sold.map((row) => [row.sku, Number(row.units)]));
      for (const row of trending.rows) expect([row[0], row[4]]).toEqual([row[0], units.get(String(row[0]))]);
      expect([byStore.scope.toSorted(), stock.scope.toSorted(), trending.scope.toSorted()]).toEqual([own, own, own]);

      if (role === 'super_admin')
        expect((await structured('explain_access', { table: 'orders' }, caller)).tenants.toSorted()).toEqual(own);
      for (const figure of store === 2 || scope.includes(2) ? [] : canaries)
        expect(JSON.stringify([byStore, whole, stock, trending])).not.toContain(figure);
    });
  });

  test('offer explain_access to operators alone, and margins to whoever may read costs', async () => {
    const [manager, regional, head] = await Promise.all(roles.map((role) => principalFor(db.database, role, [1])));
    const offered = (principal: Principal | undefined) => tools.listFor(principal!).some(({ name }) => name === 'explain_access');
    expect([offered(manager), offered(regional), offered(head)]).toEqual([false, false, true]);
    for (const metric of retailMetrics.metrics.filter(({ permission }) => permission === 'costs:read').map(({ name }) => name)) {
      await expect(call('get_sales_metrics', { metrics: [metric] }, manager!)).rejects.toMatchObject({
        code: 'insufficient_scope',
        message: expect.stringContaining('costs:read'),
      });
      expect((await structured('get_sales_metrics', { metrics: [metric] }, regional!)).rows).toHaveLength(1);
    }
  });

  test('answer a store that is another’s like one that does not exist', async () => {
    const manager = await principalFor(db.database, 'store_manager', [1]);
    const refusal = async (name: string, args: object) =>
      call(name, args, manager).then(
        () => 'answered',
        (error: { code: string; message: string; hint: string }) =>
          `${error.code} ${error.message.replace(/"[^"]*"/, '…')} ${error.hint}`,
      );
    const asks = (store: string) => [
      refusal('get_sales_metrics', { metrics: ['revenue'], filters: { store } }),
      refusal('get_sales_metrics', { metrics: ['revenue'], filters: { store: ['Seattle', store] }, compare_to: 'previous' }),
      refusal('get_inventory_status', { store_name: store }),
    ];
    const [others, none] = await Promise.all([
      Promise.all(asks('Zava Retail Bellevue')),
      Promise.all(asks('Zava Retail Nowhere')),
    ]);
    expect(others).toEqual(none);
    expect(others.every((answer) => answer?.startsWith('not_found'))).toBe(true);
    const region = await refusal('get_sales_metrics', { metrics: ['revenue'], filters: { region: 'South Sound' } });
    expect(region).toBe('not_found There is no region called … You may see: Puget Sound');
  });

  const hostile = [
    "'",
    "''",
    "' OR '1'='1",
    "x') OR store_id = 2 --",
    "HAND TOOLS'); SELECT * FROM retail.orders; --",
    "\\' OR 1=1 --",
    '\\',
    "E'\\x27'",
    "x' UNION SELECT rls_user_id::text FROM retail.stores --",
    "'||(SELECT sum(total_amount) FROM retail.orders)||'",
    '$$; SET ROLE postgres; $$',
    '$' + '{metrics}',
    '{key}',
    '{all.revenue}',
    '%',
    '*/ OR true /*',
    '1; DELETE FROM retail.orders',
    'store_id',
    'ʼ OR ʼ1ʼ=ʼ1',
    '＇ OR 1=1',
    "\u2028' OR 1=1 --",
    '__proto__',
    'constructor',
    '2147470000',
    'literal 2147470000 of a statement',
  ];
  const places: [string, (text: string) => [string, object]][] = [
    ['a store filter', (text) => ['get_sales_metrics', { metrics: ['revenue'], filters: { store: text } }]],
    ['a region filter', (text) => ['get_sales_metrics', { metrics: ['revenue'], filters: { region: [text] } }]],
    ['a category filter', (text) => ['get_sales_metrics', { metrics: ['revenue'], filters: { category: text } }]],
    ['a type filter', (text) => ['get_sales_metrics', { metrics: ['revenue'], filters: { type: ['HAMMERS', text] } }]],
    ['a product filter', (text) => ['get_sales_metrics', { metrics: ['revenue'], filters: { product: text } }]],
    ['a filter’s name', (text) => ['get_sales_metrics', { metrics: ['revenue'], filters: { [text]: 'x' } }]],
    ['is_online', (text) => ['get_sales_metrics', { metrics: ['revenue'], filters: { is_online: text } }]],
    ['a metric', (text) => ['get_sales_metrics', { metrics: [text] }]],
    ['a dimension', (text) => ['get_sales_metrics', { metrics: ['revenue'], dimensions: [text] }]],
    ['a grain', (text) => ['get_sales_metrics', { metrics: ['revenue'], grain: text }]],
    ['compare_to', (text) => ['get_sales_metrics', { metrics: ['revenue'], compare_to: text }]],
    ['order', (text) => ['get_sales_metrics', { metrics: ['revenue'], order: text }]],
    ['a period', (text) => ['get_sales_metrics', { metrics: ['revenue'], period: text.slice(0, 40) }]],
    ['start_date', (text) => ['get_sales_metrics', { metrics: ['revenue'], start_date: text }]],
    ['end_date', (text) => ['get_sales_metrics', { metrics: ['revenue'], start_date: '2025-01-01', end_date: text }]],
    ['a sku to recommend for', (text) => ['get_product_recommendations', { kind: 'cross_sell', sku: text.slice(0, 40) }]],
    ['a kind', (text) => ['get_product_recommendations', { kind: text }]],
    ['a sku in stock', (text) => ['get_inventory_status', { sku: text.slice(0, 40) }]],
    ['a store’s stock', (text) => ['get_inventory_status', { store_name: text }]],
    ['a table to explain', (text) => ['explain_access', { table: text }]],
  ];

  test.each(places)('refuse attacks through %s by name, before anything but a look for that name is run', async (_place, ask) => {
    const caller = { ...(await principalFor(db.database, 'super_admin', [1])) };
    for (const text of hostile) {
      const [name, args] = ask(text);
      statements.length = 0;
      const answer = await call(name, args, caller).then(
        (found) => `answered ${found.text}`,
        (error: { code: string; message: string; hint?: string }) => `${error.code} ${error.message} ${error.hint}`,
      );
      expect(answer).toMatch(/^(invalid_input|not_found) /);
      for (const canary of canaries) expect(answer).not.toContain(canary);
      expect(statements.filter((sql) => /\b(sum|count|max)\(/.test(sql.replace(/'(?:[^']|'')*'/g, "''")))).toEqual([]);
      recordAnswer(answer.slice(0, 60));
    }
  });

  test('take a name with quotes for what it is', async () => {
    const awkward = `O'Brien's \\ "best"; -- /* ünï */ $1`;
    await db.owner.script(`INSERT INTO retail.categories (category_id, category_name) VALUES (77, $name$${awkward}$name$)`);
    const head = await principalFor(db.database, 'super_admin', [1]);
    expect((await structured('get_sales_metrics', { metrics: ['units'], filters: { category: awkward } }, head)).rows).toEqual([
      [0],
    ]);
    expect(
      (await structured('get_sales_metrics', { metrics: ['units'], filters: { category: awkward.toLowerCase() } }, head)).rows,
    ).toEqual([[0]]);
    await db.owner.script('DELETE FROM retail.categories WHERE category_id = 77');
  });
});
