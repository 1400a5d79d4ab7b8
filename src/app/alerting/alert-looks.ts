import type { HealthReport } from '../../health/health-report.ts';
import type { ScheduleSession } from '../../schedule/job-runs.ts';
import { isolationBroken, lastVerdict, trailBroken } from '../schedules/job-verdicts.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type AlertFacts, type AlertFactsOptions, createAlertFacts } from './alert-facts.ts';

export interface AlertLooksOptions {
  readonly database: ScheduleSession;
  readonly health: HealthReport;
  readonly sampler: Pick<Telemetry['sampler'], 'latest'>;
}

/** What a job has found is told soon after. */
const jobsMs = 60_000;
const atEveryTurn = 0;

export function alertFactsOf(options: AlertLooksOptions & Omit<AlertFactsOptions, 'looks'>): AlertFacts {
  return createAlertFacts({ ...options, looks: alertLooks(options) });
}

/** What alert rules need that nobody counts: found out by looking. */
function alertLooks({ database, health, sampler }: AlertLooksOptions): AlertFactsOptions['looks'] {
  const verdict = async (job: string, found?: string) => {
    const last = await lastVerdict(database, job, found);
    return last && Number(last.bad);
  };
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
    isolation_broken: { everyMs: atEveryTurn, look: () => verdict('prove', isolationBroken) },
    audit_chain_broken: { everyMs: jobsMs, look: () => verdict('audit-verify', trailBroken) },
    restore_test_failed: { everyMs: jobsMs, look: async () => (await verdict('restore-test')) ?? 0 },
  };
}
