import { hostname } from 'node:os';
import { createScheduler } from '../../schedule/scheduler.ts';
import { jobsToRun, type ScheduledJobsOptions, scheduledJobs } from './scheduled-jobs.ts';

export interface StartSchedulesOptions extends ScheduledJobsOptions {
  /** False for a database that is forgotten with the process: what it is owed is owed by nobody. */
  readonly lasting: boolean;
}

/** Who runs a job, for operators who look for it. */
export const thisProcess = () => `${hostname()} ${process.pid}`;

/** In development somebody waits for the first answers; elsewhere the proof of isolation belongs to the start. */
const soonMs = 1000;

/** Runs what is due as long as this process serves. */
export function startSchedules(options: StartSchedulesOptions): { close(): Promise<void> } {
  const { config, database, clock, note, lasting } = options;
  const jobs = jobsToRun(scheduledJobs(options), config);
  if (!config.schedules || !lasting) return { close: async () => {} };
  const scheduler = createScheduler({ jobs, session: database, holder: thisProcess(), clock, note });
  scheduler.start(config.environment === 'development' ? {} : { delayMs: soonMs });
  return scheduler;
}
