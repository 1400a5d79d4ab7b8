import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock } from '../core/clock.ts';

/** What the process took of what it may have, between two samples. */
export interface ProcessSample {
  /** CPU time, 0 to 1. */
  readonly cpuShare: number;
  readonly rssBytes: number;
  /** Of the container, or of the machine where there is none. */
  readonly memoryLimitBytes: number;
  /** Time in which the event loop had something to do, 0 to 1. */
  readonly loopUtilisation: number;
  /** 99th percentile of how late it was, in milliseconds. */
  readonly loopLagMs: number;
}

export interface ProcessSamplerOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly everyMs?: number;
  readonly onSample?: (sample: ProcessSample) => void;
  /** CPUs that the process may use. */
  readonly cpus?: number;
}

/** Node reports the distance of its own looks at the loop, lateness included. */
const resolutionMs = 20;

/** Looks at this process at intervals, so that whoever reads gets figures of a known length of time. */
export function createProcessSampler({ clock, everyMs = 5000, onSample, cpus = allowedCpus() }: ProcessSamplerOptions) {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const memoryLimitBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  let cpu = process.cpuUsage();
  let loop = performance.eventLoopUtilization();
  let at = clock.monotonic();
  let latest: ProcessSample = {
    cpuShare: 0,
    rssBytes: process.memoryUsage.rss(),
    memoryLimitBytes,
    loopUtilisation: 0,
    loopLagMs: 0,
  };

  const take = (): ProcessSample => {
    const { user, system } = process.cpuUsage(cpu);
    const elapsedMs = Math.max(1, clock.monotonic() - at);
    latest = {
      cpuShare: Math.min(1, (user + system) / 1000 / elapsedMs / cpus),
      rssBytes: process.memoryUsage.rss(),
      memoryLimitBytes,
      loopUtilisation: performance.eventLoopUtilization(loop).utilization,
      loopLagMs: delay.count === 0 ? latest.loopLagMs : Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
    };
    cpu = process.cpuUsage();
    loop = performance.eventLoopUtilization();
    at = clock.monotonic();
    delay.reset();
    onSample?.(latest);
    return latest;
  };
  const timer = setInterval(take, everyMs).unref();
  return {
    /** Ends the interval here, as the timer does. */
    take,
    latest: (): ProcessSample => latest,
    close(): void {
      clearInterval(timer);
      delay.disable();
    },
  };
}

/** `200000 100000` is two CPUs (https://docs.kernel.org/admin-guide/cgroup-v2.html); without a limit, what the machine has. */
export function allowedCpus(cpuMax = readText('/sys/fs/cgroup/cpu.max'), machine = availableParallelism()): number {
  const [quota, period] = (cpuMax ?? '').trim().split(' ').map(Number);
  const limit = quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : machine;
  return Math.min(limit, machine);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
