import type { Database } from '../postgres/database.ts';

export interface PostgresType {
  readonly name: string;
  /** For an array, the oid of its elements; otherwise 0. */
  readonly elementOid: number;
}

/** Names of all types by oid, read once: results carry oids only. */
export type TypeCatalog = ReadonlyMap<number, PostgresType>;

export async function loadTypeCatalog(database: Database): Promise<TypeCatalog> {
  const rows = await database.query(
    "SELECT oid::int4 AS oid, typname, CASE WHEN typcategory = 'A' THEN typelem::int4 ELSE 0 END AS element FROM pg_catalog.pg_type",
  );
  return new Map(rows.map((row) => [Number(row.oid), { name: row.typname ?? '', elementOid: Number(row.element) }]));
}
