import { AppError } from '../core/errors.ts';
import { createRecentWaits } from './recent-waits.ts';

export interface FairQueueOptions {
  /** Calls that run at a time. */
  readonly slots: number;
  /** Calls that one key may have running, of so many slots; the rest is left for the others. Absent = all slots. */
  readonly slotsPerKey?: (slots: number) => number;
  /** The same while another key is there, or was within `companyMs`. Slots are not all: what runs beside a call slows it, too. */
  readonly slotsPerKeyInCompany?: (slots: number) => number;
  readonly companyMs?: number;
  /**
   * A key that everybody waits for: within its share it comes first, and finds room however many others wait. It is nobody's
   * company. As one key among eighty it would be served every eightieth time.
   */
  readonly first?: string;
  /** Slots that the others leave to `first`, of so many: it need not wait for one of theirs to end. Absent = none. */
  readonly slotsForFirst?: (slots: number) => number;
  /** Calls that wait at a time, all keys together. */
  readonly queueLimit?: number;
  /** Calls of one key that wait at a time. */
  readonly queueLimitPerKey?: number;
  readonly timeoutMs?: number;
  /** Milliseconds that never run backwards. */
  readonly now?: () => number;
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
 * Free slots may stay free: they are the share that a key must leave to the others.
 */
export function createFairQueue(options: FairQueueOptions) {
  const { queueLimit = 200, queueLimitPerKey = queueLimit, timeoutMs = 5000, now = () => performance.now() } = options;
  /** Keys with a call running or waiting. */
  const lanes = new Map<string, Lane>();
  let turns = 0;
  let limits = limitsOf(options, options.slots);
  /** Below zero while more run than may since there are fewer. */
  let free = limits.slots;
  let waitingCount = 0;

  const company = createCompany(options);
  const waits = createRecentWaits({ now });
  const ofOthers = () => limits.slots - free - (lanes.get(options.first ?? '')?.running ?? 0);
  const mayRun = (lane: Lane): boolean =>
    (lane.key === options.first || ofOthers() < limits.forOthers) &&
    (lane.running < limits.perKeyInCompany || (lane.running < limits.perKey && !company.isThere(lane.key, lanes.keys())));

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
    const isIdle = lane.running === 0 && lane.waiting.length === 0;
    // Once forgotten, its key may stand for another lane by now.
    if (isIdle && lanes.get(lane.key) === lane) lanes.delete(lane.key);
  };
  const fill = () => {
    while (free > 0) {
      const next = nextLane(lanes, mayRun, options.first);
      if (next === undefined) return;
      start(next);
      waitingCount -= 1;
      next.waiting.shift()?.();
    }
  };
  const leave = (lane: Lane) => {
    free += 1;
    lane.running -= 1;
    company.note(lane.key);
    fill();
    forgetIfIdle(lane);
  };

  const enter = (lane: Lane, signal: AbortSignal | undefined, waitMs: number): Promise<void> => {
    company.note(lane.key);
    // Who waits may have been let alone since.
    fill();
    if (free > 0 && lane.waiting.length === 0 && mayRun(lane)) {
      start(lane);
      waits.note(0);
      return Promise.resolve();
    }
    const noRoom = waitingCount >= queueLimit && lane.key !== options.first;
    if (noRoom || lane.waiting.length >= queueLimitPerKey) return Promise.reject(full());
    const since = now();
    waitingCount += 1;
    const gaveUp = (error: unknown) => {
      waitingCount -= 1;
      throw error;
    };
    return untilAdmitted(lane.waiting, signal, waitMs)
      .catch(gaveUp)
      .finally(() => waits.note(now() - since));
  };

  return {
    /** `mostMs`: where a call may wait for less than the others. */
    async run<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>, mostMs = timeoutMs): Promise<T> {
      if (signal?.aborted) throw new AppError('query_timeout', 'The call was cancelled');
      const lane = laneOf(key);
      try {
        await enter(lane, signal, Math.min(timeoutMs, mostMs));
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
    /** More slots are given at once; of fewer, those in use come free in their own time. */
    resize(slots: number): void {
      free += slots - limits.slots;
      limits = limitsOf(options, slots);
      fill();
    },
    /** For metrics, and for deciding whether there is room for work that can wait. */
    load: () => ({ running: limits.slots - free, waiting: waitingCount, keys: lanes.size, slots: limits.slots }),
    /** Of the last minute. */
    waits: () => ({ p95Ms: waits.p95Ms(), timeoutMs }),
  };
}

function limitsOf(options: FairQueueOptions, slots: number) {
  const { slotsPerKey = (all) => all, slotsPerKeyInCompany = slotsPerKey, slotsForFirst = () => 0 } = options;
  return {
    slots,
    forOthers: slots - slotsForFirst(slots),
    perKey: slotsPerKey(slots),
    perKeyInCompany: slotsPerKeyInCompany(slots),
  };
}

/** Stands in line. Whoever leaves, or has waited for so long, is taken out of it and refused. */
function untilAdmitted(line: (() => void)[], signal: AbortSignal | undefined, waitMs: number): Promise<void> {
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
      line.splice(line.indexOf(admit), 1);
      reject(error);
    };
    const onAbort = () => giveUp(new AppError('query_timeout', 'The call was cancelled while it waited'));
    const timer = setTimeout(() => giveUp(busy(waitMs)), waitMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    line.push(admit);
  });
}

function nextLane(lanes: ReadonlyMap<string, Lane>, mayRun: (lane: Lane) => boolean, first?: string): Lane | undefined {
  const foremost = first === undefined ? undefined : lanes.get(first);
  if (foremost !== undefined && foremost.waiting.length > 0 && mayRun(foremost)) return foremost;
  let best: Lane | undefined;
  for (const lane of lanes.values()) {
    if (lane.waiting.length === 0) continue;
    if (best !== undefined && (lane.running > best.running || (lane.running === best.running && lane.turn >= best.turn)))
      continue;
    if (mayRun(lane)) best = lane;
  }
  return best;
}

/** Whether a key other than this is there, or came or went a short time ago. */
function createCompany({ first, companyMs = 5000, now = () => performance.now() }: FairQueueOptions) {
  let latest = { key: first, at: Number.NEGATIVE_INFINITY };
  /** The last one that was another. */
  let before = latest;
  return {
    note(key: string): void {
      if (key === first) return;
      if (key !== latest.key) before = latest;
      latest = { key, at: now() };
    },
    isThere: (key: string, present: Iterable<string>) =>
      [...present].some((other) => other !== key && other !== first) ||
      now() - (latest.key === key ? before : latest).at < companyMs,
  };
}

/** Nobody has waited yet, and the queue moves: worth another try soon. */
function full(): AppError {
  return new AppError('overloaded', 'As many calls wait for a database connection as may', {
    hint: 'Ask less at a time, or try again shortly.',
    retryAfterMs: 1000,
  });
}

function busy(waitMs: number): AppError {
  return new AppError('overloaded', 'Every database connection is busy', {
    hint: `No connection came free within ${waitMs / 1000} s: try again shortly.`,
    retryAfterMs: waitMs,
  });
}
