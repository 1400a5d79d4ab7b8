import type { Inputs } from './inputs.ts';
import type { CostSession } from './usage-ledger.ts';

export interface MeasureUsageOptions {
  readonly session: CostSession;
  readonly nowMs: number;
  readonly replicas: number;
  /** False where the embedding model runs in the process: its tokens cost nothing. */
  readonly embeddingIsPaid: boolean;
  /** False where backups go to a folder. */
  readonly backupsInBlobStorage: boolean;
  /** Days of accounts that a month is inferred from. */
  readonly days?: number;
}

const dayMs = 86_400_000;
const monthDays = 730 / 24;
const gb = 1e9;

/** What the installation knows of its own use, a month's worth of it. What it does not know is absent. */
export async function measureUsage(options: MeasureUsageOptions): Promise<Inputs> {
  const { session, nowMs, replicas, embeddingIsPaid, backupsInBlobStorage, days = 30 } = options;
  const since = new Date(nowMs - (days - 1) * dayMs).toISOString().slice(0, 10);
  const [[size], [used], [backups]] = await Promise.all([
    session.query('SELECT pg_database_size(current_database())::text AS bytes'),
    session.query(
      `SELECT min(day)::text AS first_day, sum(calls)::text AS calls, sum(bytes)::text AS bytes, sum(embedding_tokens)::text AS tokens
       FROM ops.tool_usage WHERE day >= $1::date`,
      [since],
    ),
    session.query('SELECT count(bytes)::text AS backups, sum(bytes)::text AS bytes FROM ops.backups'),
  ]);
  return {
    replicas: { value: replicas, basis: 'setting', from: 'REPLICAS_EXPECTED' },
    postgres_storage_gb: { value: Number(size?.bytes) / gb, basis: 'measured', from: 'pg_database_size: what the data takes' },
    ...(used?.first_day != null && ofAccounts(used, used.first_day, nowMs)),
    ...(!embeddingIsPaid && {
      embedding_tokens: { value: 0, basis: 'setting', from: 'EMBEDDER: no paid model is asked' } as const,
    }),
    ...(backupsInBlobStorage
      ? Number(backups?.backups) > 0 && {
          blob_gb: {
            value: Number(backups?.bytes) / gb,
            basis: 'measured',
            from: `${backups?.backups} backups in ops.backups`,
          } as const,
        }
      : {
          blob_gb: { value: 0, basis: 'setting', from: 'BACKUP_TARGET is a folder' } as const,
          blob_writes: { value: 0, basis: 'setting', from: 'BACKUP_TARGET is a folder' } as const,
        }),
  };
}

/** The accounts may be younger than the days that were asked for. */
function ofAccounts(used: Record<string, string | null>, firstDay: string, nowMs: number): Inputs {
  // At least an hour: the first call of a day would otherwise stand for millions.
  const covered = Math.max(1 / 24, (nowMs - Date.parse(`${firstDay}T00:00:00Z`)) / dayMs);
  const monthly = (sum: string | null | undefined) => (Number(sum) / covered) * monthDays;
  const from = `${used.calls} calls in ${covered.toFixed(1)} days since ${firstDay}, as if a month went on like that`;
  return {
    requests: { value: Math.round(monthly(used.calls)), basis: 'measured', from },
    egress_gb: { value: monthly(used.bytes) / gb, basis: 'measured', from },
    embedding_tokens: { value: Math.round(monthly(used.tokens)), basis: 'measured', from },
  };
}
