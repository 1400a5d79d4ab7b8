import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createExplainAccess, type ExplainAccess } from '../../src/query/explain-access.ts';
import { retailDefinition as definition } from '../../src/retail/definition.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';

onEveryDatabase('Access', (tier) => {
  let db: TestDatabase;
  let explain: (table: string, role: string, stores: number[]) => ReturnType<ExplainAccess>;
  beforeAll(async () => {
    db = await tier.open();
    const explainAccess = createExplainAccess({ database: db.database, definition, prefix: db.role('').slice(0, -1) });
    explain = async (table, role, stores) => explainAccess(table, await principalFor(db.database, role, stores));
  });
  afterAll(() => db.close());

  test('to a tenant’s table is explained by its policies and the tenants in scope', async () => {
    const told = await explain('orders', 'store_manager', [1]);
    expect(told).toMatchObject({
      table: 'retail.orders',
      reader: 'reader',
      rows: 'of_tenants_in_scope',
      tenants: ['Zava Retail Seattle'],
      row_security: { enabled: true, forced: true },
    });
    const own = told.policies.find(({ name }) => name === 'orders_in_scope');
    expect(own).toMatchObject({ command: 'SELECT', using: expect.stringContaining('current_store_ids') });
    expect(own?.roles).toContain(db.role('reader'));
  });

  test('to shared data is explained by its columns: what the definition opens, the database grants', async () => {
    const manager = await explain('retail.products', 'store_manager', [1]);
    const regional = await explain('products', 'regional_manager', [1]);
    expect(manager).toMatchObject({ rows: 'shared', tenants: [], policies: [], row_security: { enabled: false, forced: false } });
    const cost = (told: typeof manager) => told.columns.find(({ name }) => name === 'cost');
    expect([cost(manager), cost(regional)]).toEqual([
      { name: 'cost', readable: false, granted: false, needs: 'costs:read' },
      { name: 'cost', readable: true, granted: true, needs: 'costs:read' },
    ]);
    expect(regional.reader).toBe('reader_costs');
    for (const table of definition.relations.map(({ name }) => name)) {
      for (const column of (await explain(table, 'super_admin', [1])).columns)
        expect([table, column.name, column.granted]).toEqual([table, column.name, column.readable]);
    }
  });

  test('is told of this installation’s login, not of another’s whose name ends alike', async () => {
    const other = `other${randomBytes(3).toString('hex')}_${db.role('reader')}`;
    await db.admin.script(`CREATE ROLE ${other}; GRANT SELECT ON retail.products TO ${other}`);
    try {
      const { columns } = await explain('products', 'store_manager', [1]);
      expect(columns.find(({ name }) => name === 'cost')).toMatchObject({ readable: false, granted: false });
    } finally {
      await db.admin.script(`REVOKE SELECT ON retail.products FROM ${other}; DROP ROLE ${other}`);
    }
  });

  test.each(['pg_authid', 'retail.orders; --', "orders' OR '1'='1", 'product_description_embeddings'])(
    'to %s is none of the caller’s business',
    async (table) => {
      await expect(explain(table, 'super_admin', [1])).rejects.toMatchObject({ code: 'invalid_input' });
    },
  );
});
