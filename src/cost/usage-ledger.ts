import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';

/** The part of a database session that accounts need. */
export interface CostSession {
  query(text: string, values?: readonly (string | number | null)[]): Promise<Record<string, string | null>[]>;
}

export interface UsageLedgerOptions {
  readonly session: CostSession;
  readonly clock: Pick<Clock, 'now'>;
  readonly note: Note;
  readonly flushEveryMs?: number;
  /** CPU time of this process so far, in milliseconds. */
  readonly cpuMs?: () => number;
  /** Pairs of tenant and tool that wait to be written; beyond them calls are booked under `other`. */
  readonly mostEntries?: number;
}

/** Callers who see several tenants: a call of theirs cannot be divided honestly. */
export const severalTenants = 0;

const columns = [
  ...['calls', 'failed', 'rows', 'bytes', 'embedding_tokens', 'queries', 'cache_hits', 'warm_hits'],
  ...['database_ms', 'saved_ms', 'cpu_ms'],
] as const;
export type UsageColumn = (typeof columns)[number];

interface Entry extends Record<UsageColumn, number> {
  readonly day: string;
  readonly tenant_id: number;
  readonly tool: string;
}

/**
 * What calls have used, by day, tenant and tool: added up in memory with every call and written in one statement a minute. The
 * process's CPU time is shared out equally among the calls of that minute: an estimate, since Node.js does not tell whose a moment
 * was. A crash loses the last minute; a batch whose answer got lost may count twice.
 */
export function createUsageLedger(options: UsageLedgerOptions) {
  const { session, clock, note: tell, flushEveryMs = 60_000, cpuMs = processCpuMs, mostEntries = 1000 } = options;
  let entries = new Map<string, Entry>();
  let cpuSoFar = cpuMs();
  let reached = true;
  let flushing: Promise<void> | undefined;

  const today = () => new Date(clock.now()).toISOString().slice(0, 10);
  const entryOf = (tenantId: number, tool: string, day = today()): Entry => {
    const key = `${day} ${tenantId} ${tool}`;
    const known = entries.get(key);
    if (known !== undefined) return known;
    if (entries.size >= mostEntries && tool !== 'other') return entryOf(severalTenants, 'other', day);
    const fresh = { day, tenant_id: tenantId, tool, ...zeros() };
    entries.set(key, fresh);
    return fresh;
  };
  const note: Note = (observation) => {
    if (observation.kind !== 'tool_called') return;
    const { tenantIds, tool, outcome, rowCount, usage } = observation;
    const [first = severalTenants, second] = tenantIds ?? [];
    const entry = entryOf(second === undefined ? first : severalTenants, tool);
    entry.calls += 1;
    if (outcome !== 'answered') entry.failed += 1;
    entry.rows += rowCount ?? 0;
    if (usage === undefined) return;
    entry.bytes += usage.answerBytes;
    entry.embedding_tokens += usage.embeddingTokens;
    entry.queries += usage.queries;
    entry.cache_hits += usage.cacheHits;
    entry.warm_hits += usage.warmHits;
    entry.database_ms += usage.databaseMs;
    entry.saved_ms += usage.savedMs;
  };
  const write = async () => {
    const spent = cpuMs() - cpuSoFar;
    cpuSoFar += spent;
    const batch = entries;
    if (batch.size === 0) return;
    entries = new Map();
    const calls = [...batch.values()].reduce((sum, entry) => sum + entry.calls, 0);
    for (const entry of batch.values()) entry.cpu_ms += (spent * entry.calls) / calls;
    try {
      await session.query(addStatement, [JSON.stringify([...batch.values()])]);
      reached = true;
    } catch (error) {
      // Once an outage, not once a minute.
      if (reached) tell({ kind: 'fault_met', where: 'usage accounts', error });
      reached = false;
      // It waits with what comes meanwhile.
      for (const { tenant_id, tool, day, ...sums } of batch.values()) {
        const entry = entryOf(tenant_id, tool, day);
        for (const column of columns) entry[column] += sums[column];
      }
    }
  };
  const flush = (): Promise<void> => {
    flushing ??= write().finally(() => {
      flushing = undefined;
    });
    return flushing;
  };
  const timer = setInterval(() => void flush(), flushEveryMs).unref();

  return {
    note,
    flush,
    /** Writes what waits. */
    async close(): Promise<void> {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}
export type UsageLedger = ReturnType<typeof createUsageLedger>;

const zeros = () => Object.fromEntries(columns.map((column) => [column, 0])) as Record<UsageColumn, number>;

/** In one order, so that the batches of two replicas never wait for each other crosswise. */
const addStatement = `INSERT INTO ops.tool_usage AS u (day, tenant_id, tool, ${columns.join(', ')})
  SELECT day, tenant_id, tool, ${columns.join(', ')} FROM jsonb_to_recordset($1::jsonb)
    AS e (day date, tenant_id int, tool text, ${columns.map((name) => `${name} ${name.endsWith('_ms') ? 'float8' : 'bigint'}`).join(', ')})
  ORDER BY day, tenant_id, tool
  ON CONFLICT (day, tenant_id, tool) DO UPDATE SET ${columns.map((name) => `${name} = u.${name} + EXCLUDED.${name}`).join(', ')}`;

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
