import { hostname } from 'node:os';
import { createScheduler } from '../schedule/scheduler.ts';
import { estimateMonthly } from './monthly-cost.ts';
import { jobsToRun, type ScheduledJobsOptions, scheduledJobs } from './scheduled-jobs.ts';

const costDelayMs = 15_000;
const costEveryMs = 3_600_000;

export interface StartSchedulesOptions extends ScheduledJobsOptions {
  /** False for a database that is forgotten with the process: what it is owed is owed by nobody. */
  readonly lasting: boolean;
  /** Told what a month costs by now, at the start and every hour. */
  readonly onCost?: (total: number) => void;
}

/** Who runs a job, for operators who look for it. */
export const thisProcess = () => `${hostname()} ${process.pid}`;

/** Runs what is due as long as this process serves, and keeps the figure of the cost. */
export function startSchedules(options: StartSchedulesOptions): { close(): Promise<void> } {
  const { config, database, clock, note, lasting, onCost } = options;
  const jobs = jobsToRun(scheduledJobs(options), config);
  if (!config.schedules || !lasting) return { close: async () => {} };
  const scheduler = createScheduler({ jobs, session: database, holder: thisProcess(), clock, note });
  scheduler.start();
  const estimate = () =>
    estimateMonthly({ config, session: database, clock }).then(
      ({ total }) => onCost?.(total),
      (error) => note({ kind: 'fault_met', where: 'cost estimate', error }),
    );
  const first = setTimeout(estimate, costDelayMs).unref();
  const timer = setInterval(estimate, costEveryMs).unref();
  return {
    async close() {
      clearTimeout(first);
      clearInterval(timer);
      await scheduler.close();
    },
  };
}
