import type { LatestRun } from './decide-due.ts';
import type { JobOutcome, JobProgress } from './job.ts';

/** The part of a database session that schedules need. */
export interface ScheduleSession {
  query(text: string, values?: readonly (string | number | null | readonly string[])[]): Promise<Record<string, string | null>[]>;
}

export interface JobRunsOptions {
  readonly session: ScheduleSession;
  /** Who runs, for operators. */
  readonly holder: string;
  /** How long a run belongs to a process that is not heard of. */
  readonly leaseMs: number;
  /** Ended runs of each job that are kept. */
  readonly keptRuns?: number;
}

/** A run that is this process's own. */
export interface Claim {
  readonly job: string;
  readonly slot: number;
  readonly attempt: number;
}

/** One line of `jobs list`. */
export interface RunRecord {
  readonly job: string;
  readonly scheduledFor: string;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly startedBy: string;
  readonly outcome?: string;
  readonly attempt: number;
  readonly holder?: string;
  readonly progress?: JobProgress;
  readonly detail?: string;
}

const longestText = 500;
const shortened = (text: string) => text.replaceAll('\0', '').slice(0, longestText);
const time = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;

/**
 * Runs as rows of `ops.job_runs`. Each step is one statement that takes effect only where the row is still as it was thought to
 * be, and the clock of leases is the database's: it needs neither a session that lasts (a pooler may stand between) nor clocks
 * that agree.
 */
export function createJobRuns({ session, holder, leaseMs, keptRuns = 100 }: JobRunsOptions) {
  const lease = `clock_timestamp() + ${Math.round(leaseMs)} * interval '1 millisecond'`;
  const mine = `job = $1 AND scheduled_for = ${time('$2')} AND attempt = $3::int AND finished_at IS NULL`;
  const changed = async (text: string, values: readonly (string | number | null)[]) =>
    (await session.query(text, values)).length > 0;

  return {
    /** Ends the runs of processes that are not heard of any more. Returns those that this call ended. */
    async freeLapsed(): Promise<Claim[]> {
      const rows = await session.query(
        `UPDATE ops.job_runs SET finished_at = clock_timestamp(), outcome = 'abandoned',
           detail = 'nothing was heard of ' || coalesce(holder, 'its process') || ' any more'
         WHERE finished_at IS NULL AND coalesce(lease_until, started_at) < clock_timestamp()
         RETURNING job, ${milliseconds('scheduled_for')} AS slot, attempt::text`,
      );
      return rows.map((row) => ({ job: row.job ?? '', slot: Number(row.slot), attempt: Number(row.attempt) }));
    },
    /** By job. What a person started counts where it did the work of the schedule, and while it runs. */
    async latest(jobs: readonly string[]): Promise<Map<string, LatestRun>> {
      const rows = await session.query(
        `SELECT DISTINCT ON (job) job, ${milliseconds('scheduled_for')} AS slot, attempt::text,
           CASE WHEN finished_at IS NULL THEN 'running' WHEN outcome = 'failed' THEN 'failed'
             WHEN outcome IN ('cancelled', 'abandoned') THEN 'broken_off' ELSE 'settled' END AS state,
           extract(epoch FROM clock_timestamp() - finished_at) * 1000 AS ended_ago_ms
         FROM ops.job_runs
         WHERE job = ANY($1::text[]) AND (started_by = 'schedule' OR outcome = 'done' OR finished_at IS NULL)
         ORDER BY job, finished_at IS NULL DESC, scheduled_for DESC`,
        [jobs],
      );
      return new Map(
        rows.map((row) => [
          row.job ?? '',
          {
            slot: Number(row.slot),
            attempt: Number(row.attempt),
            state: row.state as LatestRun['state'],
            endedAgoMs: Number(row.ended_ago_ms ?? 0),
          },
        ]),
      );
    },
    /** From now on this job is owed. */
    async begin(job: string, slot: number): Promise<void> {
      await session.query(
        `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome, detail)
         VALUES ($1, ${time('$2')}, clock_timestamp(), clock_timestamp(), 'not_owed', 'the job was new here')
         ON CONFLICT DO NOTHING`,
        [job, slot],
      );
    },
    /** Undefined where another process was faster, or a run of the job is under way. */
    async claim({ job, slot, attempt }: Claim, startedBy: 'schedule' | 'person' = 'schedule'): Promise<Claim | undefined> {
      const fresh = `INSERT INTO ops.job_runs (job, scheduled_for, started_at, holder, lease_until, attempt, started_by)
        VALUES ($1, ${time('$2')}, clock_timestamp(), $4, ${lease}, $3::int + 1, $5)
        ON CONFLICT DO NOTHING RETURNING 1 AS one`;
      const again = `UPDATE ops.job_runs SET started_at = clock_timestamp(), finished_at = NULL, outcome = NULL, detail = NULL, step = NULL,
          step_done = NULL, step_total = NULL, holder = $4, lease_until = ${lease}, attempt = $3::int + 1, started_by = $5
        WHERE job = $1 AND scheduled_for = ${time('$2')} AND attempt = $3::int AND finished_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM ops.job_runs o WHERE o.job = $1 AND o.finished_at IS NULL) RETURNING 1 AS one`;
      const won = await changed(attempt === 0 ? fresh : again, [job, slot, attempt, holder, startedBy]);
      return won ? { job, slot, attempt: attempt + 1 } : undefined;
    },
    /** False where the run belongs to another process by now. */
    renew: ({ job, slot, attempt }: Claim, progress?: JobProgress): Promise<boolean> =>
      changed(
        `UPDATE ops.job_runs SET lease_until = ${lease}, step = coalesce($4, step),
           step_done = coalesce($5::bigint, step_done), step_total = coalesce($6::bigint, step_total)
         WHERE ${mine} RETURNING 1 AS one`,
        [
          ...[job, slot, attempt, progress === undefined ? null : shortened(progress.step)],
          ...[
            progress === undefined ? null : Math.round(progress.done),
            progress === undefined ? null : Math.round(progress.total),
          ],
        ],
      ),
    /** False where the run belongs to another process by now: its row stays as that one writes it. */
    async finish({ job, slot, attempt }: Claim, outcome: JobOutcome, detail: string): Promise<boolean> {
      const kept = await changed(
        `UPDATE ops.job_runs SET finished_at = clock_timestamp(), lease_until = NULL, outcome = $4, detail = $5
         WHERE ${mine} RETURNING 1 AS one`,
        [job, slot, attempt, outcome, shortened(detail)],
      );
      await session.query(
        `DELETE FROM ops.job_runs WHERE job = $1 AND finished_at IS NOT NULL AND scheduled_for <=
           (SELECT o.scheduled_for FROM ops.job_runs o WHERE o.job = $1 ORDER BY o.scheduled_for DESC OFFSET ${keptRuns} LIMIT 1)`,
        [job],
      );
      return kept;
    },
  };
}
export type JobRuns = ReturnType<typeof createJobRuns>;

/** The latest first. */
export async function readRuns(session: ScheduleSession, perJob: number): Promise<RunRecord[]> {
  const rows = await session.query(
    `SELECT job, ${iso('scheduled_for')} AS scheduled_for, ${iso('started_at')} AS started_at, ${iso('finished_at')} AS finished_at,
       started_by, outcome, attempt::text, holder, step, step_done::text, step_total::text, detail
     FROM (SELECT r.*, row_number() OVER (PARTITION BY job ORDER BY scheduled_for DESC) AS place FROM ops.job_runs r) r
     WHERE place <= $1 ORDER BY started_at DESC, job`,
    [perJob],
  );
  return rows.map((row) => ({
    job: row.job ?? '',
    scheduledFor: row.scheduled_for ?? '',
    startedAt: row.started_at ?? '',
    startedBy: row.started_by ?? '',
    attempt: Number(row.attempt),
    ...(row.finished_at != null && { finishedAt: row.finished_at }),
    ...(row.outcome != null && { outcome: row.outcome }),
    ...(row.holder != null && { holder: row.holder }),
    ...(row.step != null && { progress: { step: row.step, done: Number(row.step_done), total: Number(row.step_total) } }),
    ...(row.detail != null && { detail: row.detail }),
  }));
}

const milliseconds = (column: string) => `round(extract(epoch FROM ${column}) * 1000)::text`;
const iso = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
