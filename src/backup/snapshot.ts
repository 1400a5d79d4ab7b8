import { AppError } from '../core/errors.ts';
import type { OwnerSession } from '../postgres/database.ts';
import type { Manifest } from './manifest.ts';

export type Session = Pick<OwnerSession, 'query' | 'script'>;

/** Keys stay where they are: `bootstrap` brings the ones of the place that is restored to. */
export const keysSchema = 'keys';

/** Everything that a dump holds rows of: not PostgreSQL's own, not an extension's, not the keys. */
const dumpedTables = `
  SELECT c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, n.nspname AS schema, c.relname AS name,
    format('%I.%I', n.nspname, c.relname) AS quoted
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '${keysSchema}')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;

export type TableFacts = Manifest['tables'];

/**
 * Rows and a digest of every table: the sum of 128-bit pieces of each row's SHA-256, so that the order of the rows does not
 * matter and nothing has to be sorted. Equal for the same rows on every server and version.
 */
export async function digestTables(session: Session, onTable?: (done: number, total: number) => void): Promise<TableFacts> {
  // Text forms of values must not depend on who asks.
  await session.script(`SET datestyle = 'ISO, YMD'; SET intervalstyle = postgres; SET timezone = 'UTC'; SET bytea_output = hex;
    SET extra_float_digits = 1`);
  const tables = await session.query(
    `SELECT schema || '.' || name AS name, quoted FROM (${dumpedTables}) t WHERE relkind <> 'p' ORDER BY 1`,
  );
  const facts: Record<string, TableFacts[string]> = {};
  for (const [index, { name, quoted }] of tables.entries()) {
    onTable?.(index, tables.length);
    const piece = (from: number) => `sum(('x' || encode(substr(hash, ${from}, 8), 'hex'))::bit(64)::bigint::numeric)`;
    const [row] = await session.query(
      `SELECT count(*)::text AS rows, coalesce(${piece(1)}, 0) || ':' || coalesce(${piece(9)}, 0) AS digest
       FROM (SELECT sha256(convert_to(t::text, 'UTF8')) AS hash FROM ONLY ${quoted} t) hashes`,
    );
    facts[name ?? ''] = { rows: Number(row?.rows), digest: row?.digest ?? '' };
  }
  onTable?.(tables.length, tables.length);
  return facts;
}

/** What differs, one line a table; none is good. */
export function compareTables(expected: TableFacts, found: TableFacts): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    const [before, after] = [expected[name], found[name]];
    if (before === undefined) return [`${name} is not in the backup`];
    if (after === undefined) return [`${name} is missing`];
    if (before.rows !== after.rows) return [`${name} has ${after.rows} rows where ${before.rows} were saved`];
    return before.digest === after.digest ? [] : [`${name} has other rows than were saved`];
  });
}

/**
 * Refuses where this login would not see every row, or not every table: a dump would lack them and nobody would notice.
 * A policy for it that is plainly `true`, and none that restricts, is what the migrations give the operator.
 */
export async function requireSight(session: Session): Promise<{ readonly bypassesRowSecurity: boolean }> {
  const applies = `EXISTS (SELECT FROM unnest(p.polroles) r WHERE r = 0 OR pg_has_role(current_user, r, 'USAGE'))`;
  const mine = `FROM pg_policy p WHERE p.polrelid = t.oid AND p.polcmd IN ('r', '*') AND ${applies}`;
  const blind = await session.query(
    `SELECT t.schema || '.' || t.name AS name, has_table_privilege(t.oid, 'SELECT')::text AS granted
     FROM (${dumpedTables}) t, pg_roles me
     WHERE me.rolname = current_user AND NOT (has_schema_privilege(t.schema, 'USAGE') AND has_table_privilege(t.oid, 'SELECT')
       AND (NOT t.relrowsecurity OR me.rolsuper OR me.rolbypassrls
         OR (NOT t.relforcerowsecurity AND pg_has_role(current_user, t.relowner, 'USAGE'))
         OR (EXISTS (SELECT ${mine} AND p.polpermissive AND pg_get_expr(p.polqual, p.polrelid) = 'true')
           AND NOT EXISTS (SELECT ${mine} AND NOT p.polpermissive))))
     ORDER BY 1`,
  );
  const [me] = await session.query(
    'SELECT current_user AS name, (rolsuper OR rolbypassrls)::text AS bypasses FROM pg_roles WHERE rolname = current_user',
  );
  if (blind.length > 0) {
    const list = blind
      .slice(0, 5)
      .map(({ name, granted }) => `${name} (${granted === 'true' ? 'row-level security' : 'no SELECT'})`);
    throw new AppError('misconfigured', `${me?.name} cannot see every row: ${list.join(', ')}. A backup would lack them`, {
      hint: `For each such table, as its owner: GRANT SELECT … TO ${me?.name}; with row-level security also CREATE POLICY … FOR SELECT TO ${me?.name} USING (true).`,
    });
  }
  return { bypassesRowSecurity: me?.bypasses === 'true' };
}

export type SnapshotFacts = Pick<Manifest, 'takenAt' | 'server' | 'schemaVersion' | 'roles' | 'lsn'>;

/** Of the moment at which the session's transaction looks at the database. `prefix` is that of the installation's roles. */
export async function readFacts(session: Session, prefix: string, embedded = false): Promise<SnapshotFacts> {
  const [row] = await session.query(
    `SELECT to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now, current_database()::text AS database,
       current_setting('server_version') AS version, current_setting('server_version_num') AS number,
       (SELECT max(version) FROM ops.schema_migrations)::text AS migration,
       (SELECT json_agg(rolname ORDER BY rolname)::text FROM pg_roles WHERE starts_with(rolname::text, $1)) AS roles,
       ${embedded ? 'NULL' : 'CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text'} AS lsn`,
    [`${prefix}_`],
  );
  return {
    takenAt: row?.now ?? '',
    server: { version: row?.version ?? '', major: Math.floor(Number(row?.number) / 10_000), database: row?.database ?? '' },
    schemaVersion: Number(row?.migration ?? 0),
    roles: JSON.parse(row?.roles ?? '[]'),
    lsn: row?.lsn ?? null,
  };
}
