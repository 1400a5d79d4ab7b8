import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { Job, JobOutcome, JobProgress } from './job.ts';
import type { Claim, JobRuns } from './job-runs.ts';

export interface RunJobOptions {
  readonly job: Job;
  readonly claim: Claim;
  readonly runs: Pick<JobRuns, 'renew' | 'finish'>;
  /** The process wants to end. */
  readonly stop: AbortSignal;
  readonly clock: Clock;
  readonly note: Note;
  readonly leaseMs: number;
  /** What a run that was told to stop may still take. */
  readonly graceMs?: number;
  /** Told as well as the database is. */
  readonly onProgress?: (progress: JobProgress) => void;
}

export interface EndedRun {
  readonly outcome: JobOutcome;
  readonly detail: string;
}

/** Why a run was told to stop. */
class Told extends Error {
  readonly ending: 'cancelled' | 'failed' | 'lost';
  constructor(ending: Told['ending'], message: string) {
    super(message);
    this.ending = ending;
  }
}

/**
 * One run, from its claim to its record. While it works its lease is renewed; a process that cannot renew it in time tells the
 * run to stop before another one may take it over.
 */
export async function runJob(options: RunJobOptions): Promise<EndedRun> {
  const { job, claim, runs, stop, clock, note, leaseMs, graceMs = 30_000, onProgress } = options;
  const startedAt = clock.monotonic();
  const told = new AbortController();
  const tell = (ending: Told['ending'], message: string) => told.abort(new Told(ending, message));
  const onStop = () => tell('cancelled', 'the server was stopped');
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  const deadline = setTimeout(() => tell('failed', `it did not end within ${job.timeoutMs / 1000} s`), job.timeoutMs);
  let latest: JobProgress | undefined;
  let renewedAt = clock.monotonic();
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    const asked = clock.monotonic();
    try {
      if (await runs.renew(claim, latest)) renewedAt = asked;
      else tell('lost', 'another process has taken it over');
    } catch {
      // The database may come back in time.
    }
    if (clock.monotonic() - renewedAt > leaseMs * 0.8) tell('lost', 'its lease could not be renewed');
  };
  const heartbeat = setInterval(() => {
    renewing ??= renew().finally(() => {
      renewing = undefined;
    });
  }, leaseMs / 4);
  try {
    const ended = await ending(job, told.signal, graceMs, (progress) => {
      latest = progress;
      onProgress?.(progress);
    });
    return await record(options, ended, startedAt);
  } catch (error) {
    note({ kind: 'fault_met', where: `job ${job.name}`, error });
    return { outcome: 'failed', detail: 'its end could not be recorded' };
  } finally {
    clearTimeout(deadline);
    clearInterval(heartbeat);
    stop.removeEventListener('abort', onStop);
    await renewing;
  }
}

interface Ending {
  readonly outcome: JobOutcome | 'lost';
  readonly detail: string;
  readonly fault?: unknown;
}

async function ending(
  job: Job,
  signal: AbortSignal,
  graceMs: number,
  progress: (progress: JobProgress) => void,
): Promise<Ending> {
  if (job.lacks !== undefined) return { outcome: 'skipped', detail: job.lacks };
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    const patience = () => {
      timer = setTimeout(() => reject(signal.reason), graceMs);
    };
    if (signal.aborted) patience();
    else signal.addEventListener('abort', patience, { once: true });
  });
  try {
    return { outcome: 'done', detail: await Promise.race([job.run(signal, progress), over]) };
  } catch (error) {
    const reason: unknown = signal.reason;
    if (reason instanceof Told) {
      const outcome = reason.ending;
      return { outcome, detail: reason.message, ...(outcome === 'failed' && { fault: new Error(reason.message) }) };
    }
    // Only what was written for people may be shown; the cause goes to the log.
    return { outcome: 'failed', detail: error instanceof AppError ? error.message : 'see the log', fault: error };
  } finally {
    clearTimeout(timer);
  }
}

async function record({ job, claim, runs, clock, note }: RunJobOptions, end: Ending, startedAt: number): Promise<EndedRun> {
  const { outcome, detail, fault } = end;
  if (fault !== undefined) note({ kind: 'fault_met', where: `job ${job.name}`, error: fault });
  // Whoever has the run now writes its record.
  const kept = outcome !== 'lost' && (await runs.finish(claim, outcome, detail));
  const shown: EndedRun = kept ? { outcome, detail } : { outcome: 'cancelled', detail };
  note({
    kind: 'job_ended',
    job: job.name,
    scheduledFor: new Date(claim.slot).toISOString(),
    attempt: claim.attempt,
    ...shown,
    durationMs: clock.monotonic() - startedAt,
  });
  return shown;
}
