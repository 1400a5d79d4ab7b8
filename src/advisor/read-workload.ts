import type { OwnerSession } from '../postgres/database.ts';
import { isPostgresError } from '../postgres/sqlstate.ts';
import { loadParser } from '../query/guard-rules/parser.ts';
import { readStatementTree, type StatementTree } from '../query/statement-tree.ts';

/** A statement as pg_stat_statements counted it, over every time it ran since the statistics began. */
export interface Statement {
  readonly id: string;
  /** Login that ran it. */
  readonly login: string;
  /** A superuser and a login with BYPASSRLS see every row. */
  readonly seesAllRows: boolean;
  readonly tree: StatementTree;
  readonly calls: number;
  readonly meanMs: number;
  readonly totalMs: number;
  /** Rows returned or changed, all calls together. */
  readonly rows: number;
  /** Blocks of temporary files written, all calls together: sorts and hashes that did not fit into memory. */
  readonly temporaryBlocks: number;
}

export interface Workload {
  /** `read`, or why there is none. */
  readonly source: 'read' | 'missing' | 'unreadable';
  /** What to know about it, and the next step where something is amiss. */
  readonly notes: readonly string[];
  readonly statements: readonly Statement[];
}

/** Statements looked at: the most expensive ones and the most frequent ones. */
const mostStatements = 150;

/** Other logins' statements are shown to members of pg_read_all_stats only, as the operator login is. */
export async function readWorkload(session: Pick<OwnerSession, 'query'>): Promise<Workload> {
  const [extension] = await session.query(
    `SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'pg_stat_statements'`,
  );
  if (extension === undefined)
    return without(
      'missing',
      'pg_stat_statements is not set up in this database: add it to shared_preload_libraries, restart the server and repeat the bootstrap',
    );
  await loadParser();
  try {
    const rows = await session.query(statementsIn(extension.schema ?? ''), [mostStatements]);
    const statements = rows.flatMap((row) => {
      const tree = row.query === null ? undefined : readStatementTree(row.query ?? '');
      return tree === undefined ? [] : [toStatement(row, tree)];
    });
    const hidden = rows.filter(({ query }) => query === '<insufficient privilege>').length;
    const notes =
      hidden === 0 ? [] : [`${hidden} statements of other logins are hidden: give POSTGRES_OPERATOR_URL, a member of pg_monitor`];
    if (statements.length === 0)
      notes.push('No statement has been counted yet: advice without a workload is about the catalog alone');
    return { source: 'read', notes, statements };
  } catch (error) {
    if (!isPostgresError(error)) throw error;
    return without(
      'unreadable',
      error.code === '42501'
        ? 'pg_stat_statements may not be read by this login: give POSTGRES_OPERATOR_URL, or repeat the bootstrap'
        : 'pg_stat_statements cannot be read: is it in shared_preload_libraries?',
    );
  }
}

const without = (source: Workload['source'], note: string): Workload => ({ source, notes: [note], statements: [] });

const statementsIn = (schema: string) => `
  WITH counted AS (
    SELECT s.queryid::text AS id, r.rolname::text AS login, (r.rolsuper OR r.rolbypassrls)::text AS sees_all, s.query, s.calls, s.rows,
      s.total_exec_time, s.temp_blks_written,
      row_number() OVER (ORDER BY s.total_exec_time DESC) AS by_time, row_number() OVER (ORDER BY s.calls DESC) AS by_calls
    FROM ${schema}.pg_stat_statements s LEFT JOIN pg_roles r ON r.oid = s.userid
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.query !~* '^\\s*(begin|commit|rollback|set|reset|show|discard|fetch|close|create|alter|drop|grant|revoke|explain|vacuum|analyze)\\M')
  SELECT id, login, sees_all, query, calls::text, rows::text, total_exec_time::text, temp_blks_written::text FROM counted
  WHERE by_time <= $1 OR by_calls <= $1 / 3 ORDER BY total_exec_time DESC`;

function toStatement(row: Record<string, string | null>, tree: StatementTree): Statement {
  const calls = Math.max(1, Number(row.calls));
  const totalMs = Number(row.total_exec_time);
  return {
    id: row.id ?? '',
    login: row.login ?? '',
    seesAllRows: row.sees_all === 'true',
    tree,
    calls,
    meanMs: totalMs / calls,
    totalMs,
    rows: Number(row.rows),
    temporaryBlocks: Number(row.temp_blks_written),
  };
}
