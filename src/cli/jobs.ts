import { openEmbedder } from '../app/embedding.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { jobNamed, jobsToRun, scheduledJobs } from '../app/schedules/scheduled-jobs.ts';
import { thisProcess } from '../app/schedules/start-schedules.ts';
import { openKeys } from '../app/secrets.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { Database } from '../postgres/database.ts';
import { parseCron } from '../schedule/cron.ts';
import type { Job } from '../schedule/job.ts';
import { createJobRuns, type RunRecord, readRuns } from '../schedule/job-runs.ts';
import { runJob } from '../schedule/run-job.ts';
import { usualLeaseMs } from '../schedule/scheduler.ts';
import { exitCodes } from './exit-code.ts';
import { openLastingDatabase, openToldDatabase } from './open-database.ts';
import { openLog } from './open-log.ts';
import { printJson, tell } from './output.ts';
import { createProgressBar } from './progress-bar.ts';
import { stoppable } from './stoppable.ts';

interface Json {
  readonly json?: boolean;
}

const shownRuns = 5;

/** Every job: when it is due, what of it this installation lacks, and its last runs. */
export async function listJobs({ json }: Json): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  return stoppable((stop) =>
    withJobs(config, stop, openToldDatabase, async (jobs, database) => {
      const on = new Set(config.schedules ? jobsToRun(jobs, config).map(({ name }) => name) : []);
      const runs = await readRuns(database, shownRuns);
      const now = systemClock.now();
      const listed = jobs.map(({ name, cron, purpose, lacks }) => ({
        ...{ name, cron, purpose, on: on.has(name) },
        next: new Date(parseCron(cron).next(now)).toISOString(),
        ...(lacks !== undefined && { lacks }),
        runs: runs.filter(({ job }) => job === name),
      }));
      if (json) printJson({ jobs: listed });
      else for (const job of listed) process.stdout.write(`${jobLines(job).join('\n')}\n`);
      return exitCodes.done;
    }),
  );
}

type ListedJob = Pick<Job, 'name' | 'cron' | 'purpose' | 'lacks'> & {
  readonly on: boolean;
  readonly next: string;
  readonly runs: readonly RunRecord[];
};

function jobLines({ name, cron, purpose, on, next, lacks, runs }: ListedJob): string[] {
  const state = on ? `next ${next.slice(0, 16)}Z` : 'switched off';
  return [
    `${name.padEnd(20)} ${cron.padEnd(12)} ${state}${lacks === undefined ? '' : `, would be skipped: ${lacks}`}`,
    `    ${purpose}`,
    ...runs.map((run) => {
      const { progress, outcome = 'running' } = run;
      const far =
        progress !== undefined && run.outcome === undefined ? ` (${progress.step}: ${progress.done} of ${progress.total})` : '';
      return `    ${run.scheduledFor} ${outcome}${far}${run.attempt > 1 ? `, attempt ${run.attempt}` : ''}${run.detail === undefined ? '' : `: ${run.detail}`}`;
    }),
  ];
}

/** Runs one job now, under the same lease as the schedule's. */
export async function runJobNow(name: string, { json }: Json): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  return stoppable((stop) =>
    withJobs(config, stop, openLastingDatabase, async (jobs, database, note) => {
      const job = jobNamed(jobs, name, 'You named');
      const runs = createJobRuns({ session: database, holder: thisProcess(), leaseMs: usualLeaseMs });
      await runs.freeLapsed();
      const claim = await runs.claim({ job: name, slot: systemClock.now(), attempt: 0 }, 'person');
      if (claim === undefined) {
        throw new AppError('overloaded', `${name} is being run by another process`, {
          hint: 'See how far it is: zava-mcp-server jobs list.',
        });
      }
      const bar = createProgressBar(process.stderr);
      const ended = await runJob({
        ...{ job, claim, runs, stop, clock: systemClock, note, leaseMs: usualLeaseMs, onProgress: bar.update },
      }).finally(() => bar.end());
      if (json) printJson({ job: name, ...ended });
      tell(`${name} ${ended.outcome}: ${ended.detail}`);
      if (ended.outcome === 'skipped') return exitCodes.configuration;
      return ended.outcome === 'done' ? exitCodes.done : exitCodes.failed;
    }),
  );
}

async function withJobs<T>(
  config: Config,
  signal: AbortSignal,
  open: typeof openToldDatabase,
  work: (jobs: readonly Job[], database: Database, note: Note) => Promise<T>,
): Promise<T> {
  const note = openLog(config, systemClock);
  const served = await loadServedSchema(config);
  const keys = await openKeys(config, note);
  try {
    const opened = await open(config, { key: keys.scopeKey(), signal });
    const { database } = opened;
    const embedder = await openEmbedder(config, systemClock);
    try {
      return await work(
        scheduledJobs({ config, served, opened, database, keys, embedder, clock: systemClock, note }),
        database,
        note,
      );
    } finally {
      await embedder?.close();
      await database.close();
    }
  } finally {
    keys.close();
  }
}
