import type { Heartbeats } from '../../alerts/heartbeats.ts';
import { type AlertPace, usualPace } from '../../alerts/pace.ts';
import type { Fact } from '../../alerts/readings.ts';
import type { Clock } from '../../core/clock.ts';
import type { HealthReport, HealthSnapshot } from '../../health/health-report.ts';
import { clockSkewSeconds } from '../../postgres/clock-skew.ts';
import type { ScheduleSession } from '../../schedule/job-runs.ts';
import { isolationBroken, lastVerdict, trailBroken } from '../schedules/job-verdicts.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type AlertFacts, type AlertFactsOptions, createAlertFacts, type Look } from './alert-facts.ts';

export interface AlertLooksOptions {
  readonly database: ScheduleSession;
  readonly health: HealthReport;
  readonly sampler: Pick<Telemetry['sampler'], 'latest'>;
  /** Absent where no read replica is set. */
  readonly replicasAway?: (() => number) | undefined;
  /** Absent where there is none. */
  readonly redis?: { readonly client: { readonly isReady: boolean } } | undefined;
  /** Absent on a database that is one process's own. */
  readonly heartbeats?: Pick<Heartbeats, 'look'> | undefined;
  readonly clock: Clock;
  readonly pace?: AlertPace | undefined;
}

/** What a job has found is told soon after. */
const jobsMs = 60_000;
const atEveryTurn = 0;

export function alertFactsOf(options: AlertLooksOptions & Omit<AlertFactsOptions, 'looks'>): AlertFacts {
  return createAlertFacts({ ...options, looks: alertLooks(options) });
}

/** What alert rules need that nobody counts: found out by looking. */
function alertLooks(options: AlertLooksOptions): AlertFactsOptions['looks'] {
  const { database, health, sampler, redis, replicasAway, heartbeats, clock, pace = usualPace } = options;
  const jobs = { everyMs: jobsMs / pace.speedUp };
  const always = (look: Look) => ({ everyMs: atEveryTurn, look });
  const ofHealth = (read: (components: HealthSnapshot['components']) => number | readonly Fact[] | undefined) =>
    always(async () => read((await health.current()).components));
  const verdict = async (job: string, found?: string) => {
    const last = await lastVerdict(database, job, found);
    return last && Number(last.bad);
  };
  return {
    database_unhealthy: ofHealth((components) => (components.database.status === 'unhealthy' ? 1 : 0)),
    database_response_seconds: ofHealth(responseSeconds),
    embedder_away: ofHealth((components) => (components.ai_service.status === 'healthy' ? 0 : 1)),
    component_unhealthy: ofHealth(unhealthyComponents),
    memory_share: always(async () => {
      const { rssBytes, memoryLimitBytes } = sampler.latest();
      return rssBytes / memoryLimitBytes;
    }),
    read_replicas_away: always(async () => replicasAway?.() ?? 0),
    redis_away: always(async () => (redis === undefined || redis.client.isReady ? 0 : 1)),
    // While the database is away nobody is heard, which has a rule of its own.
    servers_lost: always(async () => (heartbeats === undefined ? 0 : heartbeats.look().catch(() => undefined))),
    clock_skew_seconds: { ...jobs, look: () => clockSkewSeconds(database, clock) },
    isolation_broken: always(() => verdict('prove', isolationBroken)),
    audit_chain_broken: { ...jobs, look: () => verdict('audit-verify', trailBroken) },
    restore_test_failed: { ...jobs, look: async () => (await verdict('restore-test')) ?? 0 },
    backup_failed: {
      ...jobs,
      async look() {
        const failed = await Promise.all(backupJobNames.map((job) => verdict(job)));
        return failed.reduce<number>((sum, one) => sum + (one ?? 0), 0);
      },
    },
  };
}

const backupJobNames = ['backup-full', 'backup-incremental'];

/** Undefined where it does not answer at all: that is another matter. */
function responseSeconds({ database }: HealthSnapshot['components']): number | undefined {
  const { response_ms: ms } = database.details;
  return typeof ms === 'number' ? ms / 1000 : undefined;
}

/** Of those that have no rule of their own. Without the database they cannot be judged. */
function unhealthyComponents(components: HealthSnapshot['components']): readonly Fact[] | undefined {
  if (components.database.status === 'unhealthy') return undefined;
  return (['system', 'application'] as const)
    .filter((name) => components[name].status === 'unhealthy')
    .map((component) => ({ labels: { component }, value: 1 }));
}
