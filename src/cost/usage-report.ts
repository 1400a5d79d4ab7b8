import type { CostSession, UsageColumn } from './usage-ledger.ts';

/** Sums over the days asked for. Times in milliseconds. */
export interface UsageRow {
  /** 0 = callers who see several tenants. */
  readonly tenant_id: number;
  readonly tool: string;
  readonly calls: number;
  readonly failed: number;
  readonly rows: number;
  readonly bytes: number;
  readonly embedding_tokens: number;
  readonly queries: number;
  readonly cache_hits: number;
  readonly warm_hits: number;
  readonly database_ms: number;
  readonly saved_ms: number;
  readonly cpu_ms: number;
}

export interface CacheGain {
  /** Statements that calls had answered, from the cache or by the database. */
  readonly queries: number;
  readonly hits: number;
  readonly warm_hits: number;
  /** 0..1; absent while nothing was asked. */
  readonly hit_rate?: number;
  /** What it would have been had nothing been made before it was asked for. */
  readonly hit_rate_without_warming?: number;
  readonly saved_ms: number;
}

export interface UsageReport {
  readonly days: number;
  /** First and last day, UTC; absent while nothing was booked. */
  readonly from?: string;
  readonly to?: string;
  readonly usage: readonly UsageRow[];
  readonly cache: CacheGain;
}

const counted: readonly UsageColumn[] = [
  ...(['calls', 'failed', 'rows', 'bytes', 'embedding_tokens', 'queries', 'cache_hits', 'warm_hits'] as const),
  ...(['database_ms', 'saved_ms', 'cpu_ms'] as const),
];

/** By tenant and tool, over the last days up to and including today (UTC). */
export async function readUsage(session: CostSession, days: number, nowMs: number): Promise<UsageReport> {
  const since = new Date(nowMs - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  const rows = await session.query(
    `SELECT tenant_id::text, tool, min(day)::text AS first_day, max(day)::text AS last_day,
       ${counted.map((name) => `sum(${name})::text AS ${name}`).join(', ')}
     FROM ops.tool_usage WHERE day >= $1::date GROUP BY tenant_id, tool
     ORDER BY ops.tool_usage.tenant_id, sum(database_ms) DESC, tool`,
    [since],
  );
  const usage = rows.map(
    (row) =>
      ({
        tenant_id: Number(row.tenant_id),
        tool: row.tool ?? '',
        ...Object.fromEntries(counted.map((name) => [name, tidy(Number(row[name]))])),
      }) as unknown as UsageRow,
  );
  const dates = rows.flatMap((row) => [row.first_day ?? '', row.last_day ?? '']).sort();
  const [from] = dates;
  const to = dates.at(-1);
  return { days, ...(from !== undefined && { from }), ...(to !== undefined && { to }), usage, cache: gainOf(usage) };
}

function gainOf(usage: readonly UsageRow[]): CacheGain {
  const sum = (column: UsageColumn) => tidy(usage.reduce((total, row) => total + row[column], 0));
  const [queries, hits, warm] = [sum('queries'), sum('cache_hits'), sum('warm_hits')];
  const rates = queries > 0 && { hit_rate: hits / queries, hit_rate_without_warming: (hits - warm) / queries };
  return { queries, hits, warm_hits: warm, ...rates, saved_ms: sum('saved_ms') };
}

const tidy = (value: number) => Math.round(value * 10) / 10;

/** Accounts of more than so many days ago are let go. Returns how many rows went. */
export async function forgetUsage(session: CostSession, keptDays: number, nowMs: number): Promise<number> {
  const before = new Date(nowMs - keptDays * 86_400_000).toISOString().slice(0, 10);
  return (await session.query('DELETE FROM ops.tool_usage WHERE day < $1::date RETURNING 1 AS one', [before])).length;
}
