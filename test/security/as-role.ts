import type { TextRow } from '../../src/postgres/database.ts';
import type { TestDatabase } from '../support/databases.ts';

/** One statement with the rights of `role`, inside the scope of these stores if any are given; nothing of it stays. */
export async function asRole(db: TestDatabase, role: string, sql: string, stores?: readonly number[]): Promise<TextRow[]> {
  await db.admin.script('BEGIN');
  try {
    if (stores !== undefined) await db.admin.query('SELECT retail.use_scope($1)', [db.sign(stores)]);
    await db.admin.script(`SET LOCAL ROLE ${db.role(role)}`);
    return await db.admin.query(sql);
  } finally {
    await db.admin.script('ROLLBACK');
  }
}

/** The SQLSTATE that the statement ends with, or `ok`. */
export async function stateOf(db: TestDatabase, role: string, sql: string, stores?: readonly number[]): Promise<string> {
  return asRole(db, role, sql, stores).then(
    () => 'ok',
    (error: { code?: string }) => error.code ?? String(error),
  );
}
