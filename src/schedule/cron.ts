import { Cron } from 'croner';

/** The times of a five-field cron expression, in UTC whatever the zone of the machine. */
export interface CronTimes {
  /** The latest one that is not after this instant, in milliseconds since 1970. */
  latest(now: number): number;
  /** The first one after this instant. */
  next(now: number): number;
}

/** Throws for an expression that never comes to pass. No timer of the library's is used: the scheduler asks for the time itself. */
export function parseCron(expression: string): CronTimes {
  const cron = new Cron(expression, { timezone: 'Etc/UTC', mode: '5-part' });
  const instant = (time: Date | null | undefined): number => {
    if (time == null) throw new Error(`the cron expression ${expression} never comes to pass`);
    return time.getTime();
  };
  // What is asked for is strictly before the reference, and the library counts in seconds.
  const times: CronTimes = {
    latest: (now) => instant(cron.previousRuns(1, new Date(Math.floor(now / 1000) * 1000 + 1000))[0]),
    next: (now) => instant(cron.nextRun(new Date(now))),
  };
  times.latest(times.next(0));
  return times;
}
