import { nextPoolSize, type PoolBounds } from './pool-size.ts';

/** The connections of this process as far as their number goes. */
export interface SizedPool {
  /** Calls that wait for one. */
  waiting(): number;
  resize(connections: number): void;
}

export interface PoolSizerOptions {
  /** Has the most to begin with. */
  readonly pool: SizedPool;
  /** 0 to 1, smoothed over a minute: what the whole process is busy with, not its connections alone. */
  readonly load: () => number;
  readonly bounds: PoolBounds;
  readonly everyMs?: number;
  readonly watchMs?: number;
}

/**
 * Fits the ceiling of the connections to the load, every 30 seconds. Calls that wait are not made to wait for that: while there
 * are any, the next step up is taken every second, since a minute's mean is low when a burst begins.
 */
export function createPoolSizer({ pool, load, bounds, everyMs = 30_000, watchMs = 1000 }: PoolSizerOptions) {
  let size = bounds.max;
  const follow = (to: number) => {
    size = nextPoolSize(to, size, bounds);
    // Also where it stays: connections that were busy when the ceiling came down may be idle by now.
    pool.resize(size);
  };
  const step = () => follow(load());
  const watch = () => {
    if (pool.waiting() > 0 && size < bounds.max) follow(1);
  };
  let timers: readonly NodeJS.Timeout[] = [];
  return {
    step,
    watch,
    size: () => size,
    start(): void {
      timers = [setInterval(step, everyMs).unref(), setInterval(watch, watchMs).unref()];
    },
    close(): void {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
