import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import type { HealthReport } from '../../health/health-report.ts';
import type { Database } from '../../postgres/database.ts';
import { readMigrations } from '../../postgres/migrate.ts';
import { prove } from '../../proof/prove.ts';
import type { TenantDirectory } from '../../query/tenant-directory.ts';
import type { ScopeKey } from '../../vault/scope-key.ts';
import { trailBroken } from '../schedules/self-tests.ts';
import type { ServedSchema } from '../served-schema.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type AlertFacts, type AlertFactsOptions, createAlertFacts, type Look } from './alert-facts.ts';

export interface AlertLooksOptions {
  readonly config: Config;
  readonly served: Pick<ServedSchema, 'definition' | 'migrations'>;
  readonly database: Database;
  readonly tenants: TenantDirectory;
  readonly signingKey: () => ScopeKey;
  readonly health: HealthReport;
  readonly sampler: Pick<Telemetry['sampler'], 'latest'>;
  readonly clock: Clock;
}

const hourMs = 3_600_000;
/** What a job has found is told soon after. */
const jobsMs = 60_000;
const atEveryTurn = 0;
/** On a development machine somebody waits for the first answer. */
const firstInDevelopmentMs = 15_000;

export function alertFactsOf(options: AlertLooksOptions & Omit<AlertFactsOptions, 'looks'>): AlertFacts {
  return createAlertFacts({ ...options, looks: alertLooks(options) });
}

/** What alert rules need that nobody counts: found out by looking, some at every turn, what costs something once an hour. */
function alertLooks(options: AlertLooksOptions): AlertFactsOptions['looks'] {
  const { config, database, health, sampler } = options;
  const hourly = { everyMs: hourMs, firstAfterMs: config.environment === 'development' ? firstInDevelopmentMs : 0 };
  return {
    database_unhealthy: {
      everyMs: atEveryTurn,
      look: async () => ((await health.current()).components.database.status === 'unhealthy' ? 1 : 0),
    },
    memory_share: {
      everyMs: atEveryTurn,
      look: async () => {
        const { rssBytes, memoryLimitBytes } = sampler.latest();
        return rssBytes / memoryLimitBytes;
      },
    },
    isolation_broken: { ...hourly, look: lookAtIsolation(options) },
    audit_chain_broken: { everyMs: jobsMs, look: () => lookAtJob(database, 'audit-verify', trailBroken) },
    restore_test_failed: { everyMs: jobsMs, look: async () => (await lookAtJob(database, 'restore-test')) ?? 0 },
  };
}

/** How many faults the proof of isolation finds. */
function lookAtIsolation({ config, served, database, tenants, signingKey, clock }: AlertLooksOptions): Look {
  const { definition } = served;
  return async () => {
    const migrations = await readMigrations(served.migrations);
    const prefix = config.postgresRolePrefix;
    const report = await prove({ database, definition, prefix, signingKey, clock, tenants: await tenants(), migrations });
    if (report.passed) return 0;
    const faults = report.findings.filter(({ severity }) => severity === 'fault').length;
    return Math.max(1, faults + report.probes.filter(({ passed }) => !passed).length);
  };
}

/** What the last run of a scheduled job says, of those that began with what they found; undefined where none has run. */
async function lookAtJob(database: Pick<Database, 'query'>, job: string, found = ''): Promise<number | undefined> {
  const [last] = await database.query(
    `SELECT outcome FROM ops.job_runs WHERE job = $1 AND (outcome = 'done' OR outcome = 'failed' AND starts_with(detail, $2))
     ORDER BY scheduled_for DESC LIMIT 1`,
    [job, found],
  );
  if (last === undefined) return undefined;
  return last.outcome === 'failed' ? 1 : 0;
}
