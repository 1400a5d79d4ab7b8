import type { MetricsDefinition } from '../core/metrics-definition.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { casesOf } from './assume.ts';
import type { Table } from './catalogue.ts';
import { type Cause, causesOf } from './causes.ts';
import { isExplainable } from './explainable.ts';
import { createPlanner } from './planner.ts';
import { readCatalogue } from './read-catalogue.ts';
import { readWorkload, type Statement } from './read-workload.ts';
import { rollupHint } from './rollup-hint.ts';
import { shownText } from './shown-text.ts';
import { readShape, type TableUse } from './statement-shape.ts';

export interface QueryAdvice {
  readonly id: string;
  /** Without literals. */
  readonly text: string;
  readonly login: string;
  readonly calls: number;
  readonly mean_ms: number;
  readonly total_ms: number;
  /** Part of the time of all statements that were read, 0..1. */
  readonly share: number;
  readonly rows_per_call: number;
  readonly causes: readonly Cause[];
  /** What this server would answer in its place. */
  readonly instead?: string;
  /** What keeping the answers would spare: for at most so many seconds, since the tables change. */
  readonly caching?: { readonly ttl_s: number; readonly spared_ms: number };
}

export interface QueryReport {
  readonly statements: readonly QueryAdvice[];
  readonly notes: readonly string[];
}

export interface AdviseQueriesOptions {
  /** May read the tables. */
  readonly session: OwnerSession;
  /** May read other logins' statements; absent = the same. */
  readonly statistics?: Pick<OwnerSession, 'query'>;
  readonly schemas: readonly string[];
  readonly metrics?: MetricsDefinition;
  /** Statements told of, those with the most time first. */
  readonly most?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Where the database's time goes, and why. Reads only; statements are explained, never run. */
export async function adviseQueries({
  session,
  statistics,
  schemas,
  metrics,
  most = 20,
  signal,
}: AdviseQueriesOptions): Promise<QueryReport> {
  const catalogue = await readCatalogue(session);
  const workload = await readWorkload(statistics ?? session);
  const planner = await createPlanner(session, schemas);
  const all = workload.statements.reduce((sum, { totalMs }) => sum + totalMs, 0);
  const statements: QueryAdvice[] = [];
  for (const statement of workload.statements) {
    if (statements.length >= most) break;
    signal?.throwIfAborted();
    const uses = readShape(statement.tree, catalogue, statement, schemas);
    // Catalogs and the advisor's own questions are nobody's workload.
    if (uses.length === 0) continue;
    const [first] = isExplainable(statement.tree, catalogue) ? casesOf(statement, uses, new Map()) : [];
    const plan = first && (await planner.plan(first.sql, statement.login));
    const share = statement.totalMs / Math.max(1e-9, all);
    const instead = metrics && rollupHint(uses, metrics);
    const caching = cachingOf(statement, uses, catalogue.countedForSeconds);
    statements.push({
      id: statement.id,
      text: shownText(statement.tree),
      login: statement.login,
      calls: statement.calls,
      mean_ms: statement.meanMs,
      total_ms: statement.totalMs,
      share,
      rows_per_call: statement.rows / statement.calls,
      causes: causesOf({ statement, uses, plan, share }),
      ...(instead !== undefined && { instead }),
      ...(caching !== undefined && { caching }),
    });
  }
  return { statements, notes: workload.notes };
}

const shortestTtl = 60;
const longestTtl = 3600;
const fewestCalls = 10;

/** An answer holds until a table changes; on average half the time between two changes is left. */
export function cachingOf(statement: Statement, uses: readonly TableUse[], countedForSeconds: number): QueryAdvice['caching'] {
  if (statement.tree.kind !== 'SelectStmt' || statement.calls < fewestCalls) return undefined;
  const changes = Math.max(...uses.map(({ table }) => changesOf(table)));
  const between = countedForSeconds / Math.max(1, changes);
  if (between < shortestTtl) return undefined;
  const ttl_s = Math.round(Math.min(longestTtl, Math.max(shortestTtl, between / 2)));
  const kept = Math.max(0, statement.calls - Math.ceil(countedForSeconds / ttl_s));
  return kept === 0 ? undefined : { ttl_s, spared_ms: kept * statement.meanMs };
}

const changesOf = ({ writes }: Table) => writes.inserted + writes.updated + writes.deleted;
