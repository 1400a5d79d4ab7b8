import { quoteLiteral } from '../core/sql-literal.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { isPostgresError } from '../postgres/sqlstate.ts';
import { quoted } from './catalogue.ts';

/** A node of EXPLAIN (FORMAT JSON): https://www.postgresql.org/docs/17/sql-explain.html */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Total Cost': number;
  readonly 'Plan Rows': number;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

/** An index that only EXPLAIN of this session sees. */
export interface HypotheticalIndex {
  readonly bytes: number;
  drop(): Promise<void>;
}

export interface Planner {
  /** hypopg is set up: candidates can be tried. */
  readonly tries: boolean;
  /** The plan by which a login would run the statement, which is never executed. Undefined where PostgreSQL refuses to plan it. */
  plan(sql: string, login: string): Promise<PlanNode | undefined>;
  /** All that follows the name in CREATE INDEX. Undefined where hypopg cannot make one so. */
  imagine(body: string): Promise<HypotheticalIndex | undefined>;
  close(): Promise<void>;
}

/** Settings of a login that decide which plan is the cheapest. */
const planning =
  /^(seq_page_cost|random_page_cost|cpu_\w+_cost|effective_cache_size|work_mem|jit|max_parallel_workers_per_gather|enable_\w+)$/;

/**
 * Statements come from whoever used the database, so they are only ever explained: one statement at a time, written from its tree, for
 * parameters without values (GENERIC_PLAN, PostgreSQL 16), in a read-only transaction that is rolled back, for at most five seconds.
 */
export async function createPlanner(
  session: Pick<OwnerSession, 'query' | 'script'>,
  schemas: readonly string[],
): Promise<Planner> {
  const [hypopg] = await session.query(
    "SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'",
  );
  const settings = await settingsOfLogins(session);
  const path = ['pg_catalog', ...schemas].map(quoted).join(', ');
  const refused = (error: unknown): undefined => {
    if (!isPostgresError(error) || /^(08|57P)/.test(error.code)) throw error;
    return undefined;
  };
  const schema = hypopg?.schema;
  return {
    tries: typeof schema === 'string',
    async plan(sql, login) {
      await session.script(
        `BEGIN READ ONLY; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '1s'; SET LOCAL search_path = ${path}; ${settings.get(login) ?? ''}`,
      );
      try {
        const [row] = await session.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${sql}`);
        const [told] = JSON.parse(row?.['QUERY PLAN'] ?? '[]') as { readonly Plan: PlanNode }[];
        return told?.Plan;
      } catch (error) {
        return refused(error);
      } finally {
        await session.script('ROLLBACK');
      }
    },
    async imagine(body) {
      if (typeof schema !== 'string') return undefined;
      try {
        const [made] = await session.query(`SELECT indexrelid::text AS oid FROM ${schema}.hypopg_create_index($1)`, [
          `CREATE INDEX ${body}`,
        ]);
        const oid = made?.oid ?? '';
        const [size] = await session.query(`SELECT ${schema}.hypopg_relation_size($1::oid)::text AS bytes`, [oid]);
        return {
          bytes: Number(size?.bytes ?? 0),
          drop: async () => void (await session.query(`SELECT ${schema}.hypopg_drop_index($1::oid)`, [oid])),
        };
      } catch (error) {
        return refused(error);
      }
    },
    close: async () => {
      if (typeof schema === 'string') await session.query(`SELECT ${schema}.hypopg_reset()`);
    },
  };
}

/** By login, as SET LOCAL. */
async function settingsOfLogins(session: Pick<OwnerSession, 'query'>): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query(
    `SELECT r.rolname::text AS login, c.setting FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c(setting)
     WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) ORDER BY s.setdatabase`,
  );
  const settings = new Map<string, string>();
  for (const { login, setting } of rows) {
    const [name = '', ...value] = (setting ?? '').split('=');
    if (login !== null && planning.test(name))
      settings.set(login ?? '', `${settings.get(login ?? '') ?? ''}SET LOCAL ${name} = ${quoteLiteral(value.join('='))};`);
  }
  return settings;
}

export function* nodesOf(plan: PlanNode): Generator<PlanNode> {
  yield plan;
  for (const below of plan.Plans ?? []) yield* nodesOf(below);
}
