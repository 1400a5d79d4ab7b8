import { lastFullBackup } from '../../backup/last-full-backup.ts';
import { databaseTarget } from '../../config/database-target.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import type { Note } from '../../core/observation.ts';
import type { Database } from '../../postgres/database.ts';
import type { MetricStore } from '../../telemetry/metrics/metric-store.ts';
import { estimateMonthly } from '../monthly-cost.ts';

export interface UpkeepGaugesOptions {
  readonly config: Config;
  readonly database: Pick<Database, 'query'>;
  readonly store: Pick<MetricStore, 'set'>;
  readonly clock: Clock;
  readonly note: Note;
  readonly everyMs?: number;
}

const minuteMs = 60_000;
/** The estimate measures whole tables; a budget is a matter of days. */
const costEvery = 60;

/** Figures that only the database knows: looked up now and then, for metrics, health and alerts. */
export function startUpkeepGauges({ config, database, store, clock, note, everyMs = minuteMs }: UpkeepGaugesOptions) {
  let turns = 0;
  let running: Promise<void> | undefined;
  const backups = async () => {
    const last = await lastFullBackup(database);
    const age = last?.ageSeconds ?? (await secondsWithoutBackup(config, database));
    if (age !== undefined) store.set('backup_age_seconds', age);
    if (last?.verifiedAtSeconds !== undefined) store.set('backup_verified_timestamp_seconds', last.verifiedAtSeconds);
  };
  const cost = async () => {
    store.set('estimated_cost_monthly', (await estimateMonthly({ config, session: database, clock })).total);
  };
  const look = async () => {
    const costIsDue = turns % costEvery === 0;
    turns += 1;
    // A database that is away is told of by those who serve from it.
    await backups().catch(() => {});
    if (costIsDue) await cost().catch((error) => note({ kind: 'fault_met', where: 'cost estimate', error }));
  };
  const turn = () => {
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(turn, everyMs).unref();
  return {
    /** Now rather than at the next turn. */
    look: turn,
    async close(): Promise<void> {
      clearInterval(timer);
      await running;
    },
  };
}

/** A real server that was never backed up has been without one since it was set up; a demonstration owes none. */
async function secondsWithoutBackup(config: Config, database: Pick<Database, 'query'>): Promise<number | undefined> {
  if (databaseTarget(config).kind === 'embedded') return undefined;
  const [row] = await database.query(
    'SELECT extract(epoch FROM clock_timestamp() - min(applied_at))::text AS age FROM ops.schema_migrations',
  );
  return row?.age == null ? undefined : Number(row.age);
}
