import type { OwnerSession } from '../postgres/database.ts';
import { nodesOf, type PlanNode } from './planner.ts';

/** Of a schema; both as they are, unquoted. */
export interface IndexName {
  readonly schema: string;
  readonly name: string;
}

/** Whether EXPLAIN takes the index, for rows in its own order; other plans are made dear, since a small table is read as a whole. */
export async function proveUse(session: OwnerSession, { schema, name }: IndexName): Promise<string> {
  const [index] = await session.query(
    `SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS relation, am.amname::text AS method, pg_get_expr(i.indpred, i.indrelid) AS predicate,
       (SELECT string_agg(concat_ws(' ', pg_get_indexdef(i.indexrelid, k, true), CASE WHEN i.indoption[k - 1] & 1 = 1 THEN 'DESC' END,
         CASE WHEN i.indoption[k - 1] = 1 THEN 'NULLS LAST' WHEN i.indoption[k - 1] = 2 THEN 'NULLS FIRST' END), ', ' ORDER BY k)
        FROM generate_series(1, i.indnkeyatts) k) AS keys
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am am ON am.oid = c.relam
     WHERE n.nspname = $1 AND c.relname = $2 AND i.indisvalid`,
    [schema, name],
  );
  if (index === undefined) throw new Error(`the index ${name} is not valid after its build`);
  if (index.method !== 'btree') return 'built; which patterns it serves, EXPLAIN of a statement tells';
  const where = index.predicate === null ? '' : ` WHERE ${index.predicate}`;
  await session.script(
    'BEGIN READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off',
  );
  try {
    const [row] = await session.query(`EXPLAIN (FORMAT JSON) SELECT 1 FROM ${index.relation}${where} ORDER BY ${index.keys}`);
    const [told] = JSON.parse(row?.['QUERY PLAN'] ?? '[]') as { readonly Plan: PlanNode }[];
    const used = told === undefined ? undefined : [...nodesOf(told.Plan)].find((node) => node['Index Name'] !== undefined);
    if (used?.['Index Name'] === name) return `EXPLAIN uses it (${used['Node Type']})`;
    return used === undefined ? 'built; EXPLAIN does not use it' : `built; EXPLAIN prefers ${used['Index Name']}`;
  } finally {
    await session.script('ROLLBACK');
  }
}
