import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import type { SchemaDefinition } from '../../src/core/schema-definition.ts';
import { createDescribeTables, type ValidValues } from '../../src/query/describe-tables.ts';
import { createGuard } from '../../src/query/guard.ts';
import type { QueryRequest, RunQuery } from '../../src/query/query-result.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailValidValues } from '../../src/retail/valid-values.ts';
import { onEveryDatabase, principalFor } from '../support/databases.ts';
import { awkwardResult, principal } from '../support/mcp-stack.ts';

function describer(
  rows: string[][] = [],
  {
    definition = retailDefinition,
    validValues = retailValidValues,
  }: { definition?: SchemaDefinition; validValues?: readonly ValidValues[] } = {},
) {
  const asked: QueryRequest[] = [];
  const time = { ms: 0 };
  const runQuery: RunQuery = async (request) => {
    asked.push(request);
    return { ...awkwardResult, rowsJson: JSON.stringify(rows) };
  };
  const clock = { now: () => time.ms, monotonic: () => time.ms + 1 };
  return { asked, time, describeTables: createDescribeTables({ definition, validValues, runQuery, clock }) };
}

const columnsOf = async (name: string, who: Principal) => {
  const [table] = await describer().describeTables([name], who);
  return table?.columns.map((column) => column.name);
};

describe('the shape of a table', () => {
  test('regions as the contract shows it', async () => {
    const { describeTables } = describer();
    expect(await describeTables(['regions'], principal())).toEqual([
      {
        name: 'regions',
        purpose: 'Sales regions; every store belongs to one.',
        columns: [
          { name: 'region_id', type: 'int2', nullable: false, sensitive: false },
          { name: 'region_name', type: 'text', nullable: false, sensitive: false },
        ],
        keys: [
          { kind: 'primary', columns: ['region_id'] },
          { kind: 'unique', columns: ['region_name'] },
        ],
        relationships: [{ from: 'stores.region_id', to: 'regions.region_id', cardinality: 'MANY_TO_ONE' }],
        valid_values: { region_name: ['Puget Sound'] },
        hints: ['Join stores to group sales by region.'],
      },
    ]);
  });

  test('columns that the caller may not read are not described, nor are keys over them', async () => {
    expect(await columnsOf('products', principal())).not.toContain('cost');
    expect(await columnsOf('products', principal(['costs:read']))).toContain('cost');
    expect(await columnsOf('customers', principal())).not.toContain('email');
    expect(await columnsOf('customers', principal(['customers:pii']))).toContain('email');
    const [stores] = await describer().describeTables(['stores'], principal(['costs:read', 'customers:pii']));
    expect(JSON.stringify(stores)).not.toContain('rls_user_id');
  });

  test('costs and personal data are marked as sensitive', async () => {
    const [customers] = await describer().describeTables(['customers'], principal(['customers:pii']));
    const sensitive = customers?.columns.filter((column) => column.sensitive).map((column) => column.name);
    expect(sensitive).toEqual(['first_name', 'last_name', 'email', 'phone']);
  });

  test('keys of several columns are told as one join', async () => {
    const [lines] = await describer().describeTables(['order_items'], principal());
    expect(lines?.relationships[0]).toEqual({
      from: 'order_items.(order_id, store_id)',
      to: 'orders.(order_id, store_id)',
      cardinality: 'MANY_TO_ONE',
    });
  });

  test('both forms of a name are the same table, told once', async () => {
    const { describeTables } = describer();
    const names = (await describeTables(['retail.orders', 'orders', 'sales_by_day'], principal())).map((table) => table.name);
    expect(names).toEqual(['orders', 'sales_by_day']);
  });

  test.each(['pg_authid', 'retail.orders; --', '"retail"."orders"x', 'public.orders', 'ORDERS', '', 'retail.'])(
    '%j is refused, naming the valid tables',
    async (name) => {
      await expect(describer().describeTables(['orders', name], principal())).rejects.toMatchObject({
        code: 'invalid_input',
        hint: expect.stringContaining('sales_by_month_category'),
      });
    },
  );
});

describe('valid values', () => {
  const rows = [
    ['categories.category_name', 'LUMBER'],
    ['categories.category_name', 'PAINT'],
    ['orders.year', '2024'],
  ];

  test('come from the scope, from fixed lists and from one statement', async () => {
    const { describeTables, asked } = describer(rows);
    const tables = await describeTables(['stores', 'categories', 'orders', 'inventory'], principal());
    expect(tables.map((table) => table.valid_values)).toEqual([
      { store_name: ['Zava Retail Seattle'], is_online: ['true', 'false'] },
      { category_name: ['LUMBER', 'PAINT'] },
      { year: ['2024'] },
      {},
    ]);
    expect(asked).toHaveLength(1);
  });

  test('are asked once a scope and reader for five minutes', async () => {
    const { describeTables, asked, time } = describer(rows);
    await Promise.all([describeTables(['orders'], principal()), describeTables(['orders'], principal())]);
    await describeTables(['categories'], principal());
    expect(asked).toHaveLength(1);
    const [store] = principal().tenants;
    await describeTables(['orders'], principal([], [{ ...store!, id: 2 }]));
    await describeTables(['orders'], principal(['costs:read']));
    expect(asked).toHaveLength(3);
    time.ms = 299_000;
    await describeTables(['orders'], principal());
    expect(asked).toHaveLength(3);
    time.ms = 301_000;
    await describeTables(['orders'], principal());
    expect(asked).toHaveLength(4);
  });

  test('a failure is told and not remembered', async () => {
    let failing = true;
    const describeTables = createDescribeTables({
      definition: retailDefinition,
      validValues: retailValidValues,
      runQuery: async () => {
        if (failing) throw new Error('down');
        return { ...awkwardResult, rowsJson: '[]' };
      },
      clock: { now: () => 0, monotonic: () => 1 },
    });
    await expect(describeTables(['orders'], principal())).rejects.toThrow('down');
    failing = false;
    expect((await describeTables(['orders'], principal()))[0]?.valid_values).toEqual({ year: [] });
  });

  test('a caller without tenants learns the shape and asks nothing', async () => {
    const { describeTables, asked } = describer(rows);
    const [orders] = await describeTables(['orders'], principal(['catalog:read'], []));
    expect([orders?.valid_values, asked.length]).toEqual([{ year: [] }, 0]);
  });
});

test('another schema is another definition', async () => {
  const library: SchemaDefinition = {
    ...retailDefinition,
    schema: 'library',
    relations: [
      {
        name: 'books',
        purpose: 'One row a book.',
        columns: [{ name: 'title', type: 'text', nullable: true }],
        primaryKey: ['title'],
        uniqueKeys: [],
        relationships: [],
        hints: [],
        tenantScoped: false,
        policyReads: [],
      },
    ],
  };
  const { describeTables, asked } = describer([], { definition: library, validValues: [] });
  expect((await describeTables(['library.books'], principal()))[0]?.name).toBe('books');
  expect(asked).toHaveLength(0);
  await expect(describeTables(['orders'], principal())).rejects.toMatchObject({ hint: 'Valid tables: books' });
});

onEveryDatabase('valid values of the retail schema', (tier) => {
  test('are read in the scope of the caller', async () => {
    const opened = await tier.open();
    const guard = await createGuard({ definition: retailDefinition, serverMajor: opened.database.serverMajor });
    const [reader] = retailDefinition.readerRoles;
    const runQuery: RunQuery = async ({ sql, principal }) => {
      const ids = principal.tenants.map((tenant) => tenant.id);
      const result = await opened.asStores(ids, guard.approve(sql, reader!).text);
      return { ...awkwardResult, rowsJson: JSON.stringify(result.rows) };
    };
    const describeTables = createDescribeTables({
      definition: retailDefinition,
      validValues: retailValidValues,
      runQuery,
      clock: { now: () => 0, monotonic: () => 1 },
    });
    const caller = await principalFor(opened.database, 'store_manager', [1]);
    const tables = await describeTables(['stores', 'categories', 'product_types', 'orders', 'regions'], caller);
    const [stores, categories, types, orders, regions] = tables.map((table) => table.valid_values);
    expect(stores?.store_name).toEqual(['Zava Retail Seattle']);
    expect(categories?.category_name).toHaveLength(9);
    expect(types?.type_name?.length).toBeGreaterThan(80);
    expect(orders?.year?.every((year) => /^20\d\d$/.test(year))).toBe(true);
    expect(orders?.year?.length).toBeGreaterThan(1);
    expect(regions?.region_name).toEqual(['Puget Sound']);
    await opened.close();
  });
});
