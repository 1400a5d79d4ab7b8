import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { Database } from '../../src/postgres/database.ts';
import { findUnsafePrivileges, refuseUnsafeRoles } from '../../src/postgres/privilege-check.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

onEveryDatabase('the check before serving', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const options = (database: Database = db.database) => ({
    database,
    definition: retailDefinition,
    prefix: db.role('owner').replace(/_owner$/, ''),
  });
  const refusal = (database?: Database): Promise<unknown> =>
    refuseUnsafeRoles(options(database)).then(
      () => 'served',
      (error: unknown) => error,
    );
  /** Sees what an administrator has just changed and not yet committed: roles belong to the whole server. */
  const insideTransaction = (): Database => ({
    ...db.database,
    query: async (text, values) =>
      text.startsWith('SELECT current_user') ? [{ login: db.role('server') }] : db.admin.query(text, values),
  });
  const whilePlanted = async (statement: string, tries = 5): Promise<unknown> => {
    await db.admin.script('BEGIN');
    try {
      await db.admin.script(statement);
      return await refusal(insideTransaction());
    } catch (error) {
      // Another test has just altered the same role.
      if (tries === 0 || (error as { code?: string }).code !== 'XX000') throw error;
      await db.admin.script('ROLLBACK');
      return await whilePlanted(statement, tries - 1);
    } finally {
      await db.admin.script('ROLLBACK');
    }
  };

  test('lets a sound database be served', async () => {
    expect(await findUnsafePrivileges(options())).toEqual([]);
    expect(await refusal()).toBe('served');
  });

  test('refuses a table without FORCE and says which statement mends it', async () => {
    await db.admin.script('ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY');
    try {
      const error = (await refusal()) as AppError;
      expect(error).toBeInstanceOf(AppError);
      expect(error.code).toBe('misconfigured');
      expect(error.message).toContain('table retail.orders');
      expect(error.hint).toContain('ALTER TABLE retail.orders FORCE ROW LEVEL SECURITY');
    } finally {
      await db.admin.script('ALTER TABLE retail.orders FORCE ROW LEVEL SECURITY');
    }
  });

  test.each([
    ['a superuser', 'SUPERUSER', 'is a superuser'],
    ['a login that bypasses policies', 'BYPASSRLS', 'bypasses row-level security'],
    ['a login that creates roles', 'CREATEROLE', 'may create and grant roles'],
  ])('refuses %s', async (_name, attribute, told) => {
    const error = (await whilePlanted(`ALTER ROLE ${db.role('reader_pii')} ${attribute}`)) as AppError;
    expect(error.message).toContain(`role ${db.role('reader_pii')} ${told}`);
    expect(error.hint).toContain(`NO${attribute}`);
  });

  test('refuses a reader that owns a table, and tells which', async () => {
    const error = (await whilePlanted(`ALTER TABLE retail.regions OWNER TO ${db.role('reader')}`)) as AppError;
    expect(error.message).toMatch(/owns table (retail\.)?regions/);
  });

  test('refuses a missing policy, a missing table and a missing role, all at once', async () => {
    const error = (await whilePlanted(
      `DROP POLICY inventory_in_scope ON retail.inventory; DROP TABLE retail.sales_by_day CASCADE; ALTER ROLE ${db.role('reader_costs')} RENAME TO gone`,
    )) as AppError;
    expect(error.message).toContain('table retail.inventory has no policy for');
    expect(error.message).toContain('table retail.sales_by_day does not exist');
    expect(error.message).toContain(`role ${db.role('reader_costs')} does not exist`);
    expect(error.hint).toContain('zava-mcp-server migrate');
  });

  test('judges the login that it runs on, whatever it is called', async () => {
    const database: Database = { ...db.database, query: (text, values) => db.admin.query(text, values) };
    const [administrator] = await db.admin.query('SELECT current_user::text AS name');
    const error = (await refusal(database)) as AppError;
    expect(error.message).toContain(`role ${administrator?.name} is a superuser`);
  });
});
