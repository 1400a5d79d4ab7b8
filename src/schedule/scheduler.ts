import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import { type CronTimes, parseCron } from './cron.ts';
import { type Due, decideDue, type RetryPolicy } from './decide-due.ts';
import type { Job } from './job.ts';
import { createJobRuns, type ScheduleSession } from './job-runs.ts';
import { runJob } from './run-job.ts';

export interface SchedulerOptions {
  readonly jobs: readonly Job[];
  readonly session: ScheduleSession;
  /** This process, for operators: host and process id. */
  readonly holder: string;
  readonly clock: Clock;
  readonly note: Note;
  readonly retry?: RetryPolicy;
  readonly leaseMs?: number;
  /** Jobs that this process runs at the same time. */
  readonly mostAtOnce?: number;
  /** What runs that are told to stop may still take. */
  readonly graceMs?: number;
}

/** A run of a job that nobody is heard of for this long is another process's to take. */
export const usualLeaseMs = 60_000;
const usualRetry: RetryPolicy = { mostAttempts: 3, retryAfterMs: 15 * 60_000 };

/**
 * Looks again and again what is due, and runs what no other process runs: the database says which. Looking, rather than timers
 * for each time, also finds what was missed while nobody looked.
 */
export function createScheduler(options: SchedulerOptions) {
  const { jobs, session, holder, clock, note, retry = usualRetry } = options;
  const { leaseMs = usualLeaseMs, mostAtOnce = 2, graceMs = 5000 } = options;
  const times = new Map<string, CronTimes>(jobs.map(({ name, cron }) => [name, parseCron(cron)]));
  const runs = createJobRuns({ session, holder, leaseMs });
  const running = new Map<string, Promise<unknown>>();
  const stop = new AbortController();
  const first = new Set(jobs.filter(({ atStart }) => atStart).map(({ name }) => name));
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let reached = true;

  const start = async (job: Job, due: Due) => {
    if (due.what === 'begin') await runs.begin(job.name, due.slot);
    if (due.what !== 'run' || running.size >= mostAtOnce) return;
    const claim = await runs.claim({ job: job.name, slot: due.slot, attempt: due.attempt });
    if (claim === undefined) return;
    const run = runJob({ job, claim, runs, stop: stop.signal, clock, note, leaseMs, graceMs });
    running.set(
      job.name,
      run.finally(() => running.delete(job.name)),
    );
  };
  const look = async () => {
    const now = clock.now();
    for (const { job, slot, attempt } of await runs.freeLapsed()) {
      const scheduledFor = new Date(slot).toISOString();
      note({ kind: 'job_ended', job, scheduledFor, attempt, outcome: 'abandoned', detail: 'its process died', durationMs: 0 });
    }
    const latest = await runs.latest(jobs.map(({ name }) => name));
    // What another process is running at this moment needs no second run.
    for (const job of jobs.filter(({ name }) => first.has(name))) {
      await start(job, { what: 'run', slot: now, attempt: 0 });
      first.delete(job.name);
    }
    for (const job of jobs) {
      if (stop.signal.aborted) return;
      if (running.has(job.name)) continue;
      const slot = (times.get(job.name) as CronTimes).latest(now);
      await start(job, decideDue(slot, latest.get(job.name), retry));
    }
  };
  /** One look at what is due; joins one that is under way. */
  const tick = (): Promise<void> => {
    looking ??= look()
      .then(
        () => {
          reached = true;
        },
        (error) => {
          // Once an outage, not once a look.
          if (reached) note({ kind: 'fault_met', where: 'schedules', error });
          reached = false;
        },
      )
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  const settled = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running.values());
  };

  return {
    tick,
    /** Until the runs that this process has begun have ended. */
    settled,
    /** The first look leaves the server's first seconds to its callers. */
    start({ everyMs = 15_000, delayMs = 10_000 } = {}): void {
      timer ??= setTimeout(() => {
        void tick();
        timer = setInterval(() => void tick(), everyMs).unref();
      }, delayMs).unref();
    },
    /** Cancels what runs. A run that does not end in time keeps its lease, which then lapses. */
    async close(): Promise<void> {
      clearTimeout(timer);
      stop.abort();
      await looking;
      await settled();
    },
  };
}
export type Scheduler = ReturnType<typeof createScheduler>;
