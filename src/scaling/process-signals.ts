import { availableParallelism, totalmem } from 'node:os';
import type { Clock } from '../core/clock.ts';
import type { ScalingSignals } from './policy.ts';

export interface ProcessSignalsOptions {
  readonly clock: Clock;
  /** Calls that wait for a database connection in this process. */
  readonly waiting: () => number;
  /** Processes that share this one's memory limit. */
  readonly sharing?: number;
}

/** What a process of this server is busy with since it was asked last. One event loop uses one CPU, so that is its hundred percent. */
export function createProcessSignals({ clock, waiting, sharing = 1 }: ProcessSignalsOptions): () => ScalingSignals {
  // 0 where there is no limit, and in some containers more than the machine has.
  const limit = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  const cpus = Math.min(1, availableParallelism());
  let cpu = process.cpuUsage();
  let at = clock.monotonic();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const elapsedMs = Math.max(1, clock.monotonic() - at);
    cpu = process.cpuUsage();
    at = clock.monotonic();
    return {
      cpuPercent: Math.min(100, (100 * (user + system)) / 1000 / elapsedMs / cpus),
      memoryPercent: Math.min(100, (100 * sharing * process.memoryUsage.rss()) / limit),
      queue: waiting(),
    };
  };
}
