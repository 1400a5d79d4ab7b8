import type { Database } from '../postgres/database.ts';

export interface PostgresType {
  readonly name: string;
  /** For an array, the oid of its elements; otherwise 0. */
  readonly elementOid: number;
  /** False for numbers, times, truth values and the like, which nobody can write a sentence in. */
  readonly carriesText: boolean;
}

/** Names of all types by oid, read once: results carry oids only. */
export type TypeCatalog = ReadonlyMap<number, PostgresType>;

export async function loadTypeCatalog(database: Database): Promise<TypeCatalog> {
  const rows = await database.query(
    // Categories: https://www.postgresql.org/docs/17/catalog-pg-type.html#CATALOG-TYPCATEGORY-TABLE
    `SELECT t.oid::int4 AS oid, t.typname, coalesce(e.oid::int4, 0) AS element,
       coalesce(e.typcategory, t.typcategory) NOT IN ('B', 'D', 'G', 'I', 'N', 'R', 'T', 'V') AS carries_text
     FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON t.typcategory = 'A' AND e.oid = t.typelem`,
  );
  return new Map(
    rows.map((row) => [
      Number(row.oid),
      { name: row.typname ?? '', elementOid: Number(row.element), carriesText: row.carries_text === 't' },
    ]),
  );
}
