import { afterAll, beforeAll, expect, test } from 'vitest';
import { isReadable } from '../../src/core/schema-definition.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

onEveryDatabase('the retail definition', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('names every column of its relations, with its type and whether it may be null', async () => {
    const rows = await db.admin.query(
      `SELECT c.relname AS relation, a.attname AS name, t.typname AS type, (NOT a.attnotnull)::text AS nullable
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
       WHERE c.relnamespace = $1::regnamespace AND c.relname = ANY ($2) AND a.attnum > 0 AND NOT a.attisdropped
       ORDER BY c.relname, a.attnum`,
      [retailDefinition.schema, retailDefinition.relations.map((relation) => relation.name)],
    );
    const defined = retailDefinition.relations.flatMap((relation) =>
      relation.columns.map(({ name, type, nullable }) => ({ relation: relation.name, name, type, nullable: String(nullable) })),
    );
    const inOrder = (list: readonly Record<string, string | null>[]) => list.map((row) => JSON.stringify(row)).sort();
    expect(inOrder(defined)).toEqual(inOrder(rows));
  });

  test('knows which relations row-level security separates', async () => {
    const rows = await db.admin.query(
      'SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = $2 AND relrowsecurity AND relforcerowsecurity',
      [retailDefinition.schema, 'r'],
    );
    const scoped = retailDefinition.relations.filter((relation) => relation.tenantScoped).map((relation) => relation.name);
    expect(rows.map((row) => row.relname).sort()).toEqual([...scoped].sort());
  });

  test.each(retailDefinition.readerRoles)('opens to $suffix just the columns that the database grants', async (reader) => {
    for (const relation of retailDefinition.relations) {
      const rows = await db.admin.query(
        `SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
         AND has_column_privilege($2, attrelid, attnum, 'SELECT')`,
        [`${retailDefinition.schema}.${relation.name}`, db.role(reader.suffix)],
      );
      const readable = relation.columns.filter((column) => isReadable(column, reader)).map((column) => column.name);
      expect(rows.map((row) => row.attname).sort()).toEqual(readable.sort());
    }
  });
});
