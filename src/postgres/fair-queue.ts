import { AppError } from '../core/errors.ts';

export interface FairQueueOptions {
  /** Calls that run at a time. */
  readonly slots: number;
  /** Calls that one key may have running; the rest is left for the others. Absent = all slots. */
  readonly slotsPerKey?: number;
  /** Calls that wait at a time, all keys together. */
  readonly queueLimit?: number;
  /** Calls of one key that wait at a time. */
  readonly queueLimitPerKey?: number;
  readonly timeoutMs?: number;
}

interface Lane {
  readonly key: string;
  running: number;
  /** When it was served last, in slots given. Who has just come stands before who has just been served, and after all others. */
  turn: number;
  readonly waiting: (() => void)[];
}

/**
 * So many calls at a time, shared fairly by key: a slot that comes free goes to the waiting key with the fewest calls running,
 * keys that are even take turns, and within a key the order is kept. A key that asks fifty times as often only waits for itself.
 */
export function createFairQueue(options: FairQueueOptions) {
  const { slots, slotsPerKey = slots, queueLimit = 200, queueLimitPerKey = queueLimit, timeoutMs = 5000 } = options;
  /** Keys with a call running or waiting. */
  const lanes = new Map<string, Lane>();
  let turns = 0;
  let free = slots;
  let waitingCount = 0;

  const laneOf = (key: string): Lane => {
    const lane = lanes.get(key) ?? { key, running: 0, turn: turns - 0.5, waiting: [] };
    lanes.set(key, lane);
    return lane;
  };
  const start = (lane: Lane) => {
    free -= 1;
    lane.running += 1;
    turns += 1;
    lane.turn = turns;
  };
  const forgetIfIdle = (lane: Lane) => {
    if (lane.running === 0 && lane.waiting.length === 0) lanes.delete(lane.key);
  };
  const nextLane = (): Lane | undefined => {
    let best: Lane | undefined;
    for (const lane of lanes.values()) {
      if (lane.waiting.length === 0 || lane.running >= slotsPerKey) continue;
      if (best === undefined || lane.running < best.running || (lane.running === best.running && lane.turn < best.turn))
        best = lane;
    }
    return best;
  };
  const leave = (lane: Lane) => {
    free += 1;
    lane.running -= 1;
    const next = nextLane();
    if (next !== undefined) {
      start(next);
      waitingCount -= 1;
      next.waiting.shift()?.();
    }
    forgetIfIdle(lane);
  };

  const enter = (lane: Lane, signal: AbortSignal | undefined): Promise<void> => {
    // Whoever waits cannot use the free slots: they are the share that a key must leave to the others.
    if (free > 0 && lane.running < slotsPerKey) {
      start(lane);
      return Promise.resolve();
    }
    if (waitingCount >= queueLimit || lane.waiting.length >= queueLimitPerKey) return Promise.reject(busy(timeoutMs));
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const admit = () => {
        settle();
        resolve();
      };
      const giveUp = (error: AppError) => {
        settle();
        lane.waiting.splice(lane.waiting.indexOf(admit), 1);
        waitingCount -= 1;
        forgetIfIdle(lane);
        reject(error);
      };
      const onAbort = () => giveUp(new AppError('query_timeout', 'The call was cancelled while it waited'));
      const timer = setTimeout(() => giveUp(busy(timeoutMs)), timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      lane.waiting.push(admit);
      waitingCount += 1;
    });
  };

  return {
    async run<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
      if (signal?.aborted) throw new AppError('query_timeout', 'The call was cancelled');
      const lane = laneOf(key);
      try {
        await enter(lane, signal);
      } catch (error) {
        forgetIfIdle(lane);
        throw error;
      }
      try {
        return await work();
      } finally {
        leave(lane);
      }
    },
    /** For metrics, and for deciding whether there is room for work that can wait. */
    load: () => ({ running: slots - free, waiting: waitingCount, keys: lanes.size, slots }),
  };
}

function busy(timeoutMs: number): AppError {
  return new AppError('overloaded', 'Every database connection is busy', {
    hint: `No connection came free within ${timeoutMs / 1000} s: try again shortly.`,
    retryAfterMs: timeoutMs,
  });
}
