import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from './database.ts';
import type { ReplayMark } from './replay-mark.ts';
import type { StandbyProbe } from './standby-probe.ts';

export interface StandbyOptions {
  /** For the operator: host, port and database. */
  readonly name: string;
  readonly openProbe: (answerMs: number) => Promise<StandbyProbe>;
  /** Where callers' statements run. Opened once the standby has proved to be one. */
  readonly openDatabase: () => Promise<Database>;
  readonly mark: () => ReplayMark | undefined;
  /** Once an outage. */
  readonly onFailure: (error: unknown) => void;
  /** How often it is asked while nothing changes; after a change it is asked at once, and again until it has caught up. */
  readonly heartbeatMs?: number;
  /** Longer means that it is away. */
  readonly answerMs?: number;
}

/** The wait before a standby is asked again: while it is behind, and while it is away. */
const catchUpMs = { first: 20, last: 200 };
const returnMs = { first: 250, last: 5000 };

/** Watches one standby: how far it has come, whether it is there, and who must be told when it goes. */
export function createStandby(options: StandbyOptions) {
  const { name, openProbe, openDatabase, mark, onFailure, heartbeatMs = 1000, answerMs = 1000 } = options;
  const closing = new AbortController();
  const leaving = new Set<() => void>();
  let probe: Awaited<ReturnType<typeof openProbe>> | undefined;
  let database: Database | undefined;
  /** Lower bound of what it shows, as long as it has not been away since. */
  let seen: bigint | undefined;
  let failing = false;
  let wake = () => {};

  const away = (error: unknown) => {
    seen = undefined;
    if (!failing && !closing.signal.aborted) onFailure(new Error(`The read replica ${name} is not used`, { cause: error }));
    failing = true;
    probe?.hangUp();
    probe = undefined;
    for (const leave of [...leaving]) leave();
  };
  const look = async (wanted: ReplayMark): Promise<void> => {
    probe ??= await openProbe(answerMs);
    const { standby, replayed, system, timeline } = await probe.ask(answerMs);
    if (!standby) throw new Error('it is no standby');
    if (system !== wanted.system) throw new Error('it is a copy of another database server');
    if (timeline !== wanted.timeline) throw new Error(`it is on timeline ${timeline}, the primary on ${wanted.timeline}`);
    database ??= await openDatabase();
    seen = replayed;
    failing = false;
  };
  const isFresh = (wanted: ReplayMark | undefined): boolean =>
    wanted !== undefined && seen !== undefined && seen >= wanted.position;

  const watch = async () => {
    let behind = 0;
    let absent = 0;
    while (!closing.signal.aborted) {
      const awoken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const wanted = mark();
      // Without a mark nobody is sent here, and what was seen before is worth nothing after it: the primary may be another one.
      if (wanted === undefined) seen = undefined;
      else
        await look(wanted).then(
          () => {
            absent = 0;
          },
          (error) => {
            absent += 1;
            away(error);
          },
        );
      behind = failing || wanted === undefined || isFresh(mark()) ? 0 : behind + 1;
      const waitMs = failing ? backOff(returnMs, absent) : behind > 0 ? backOff(catchUpMs, behind) : heartbeatMs;
      const pause = delay(waitMs, undefined, { signal: closing.signal }).catch(() => {});
      // One that is away is not asked more often because the primary is busy.
      await (failing ? pause : Promise.race([pause, awoken]));
    }
  };
  const watching = watch();

  return {
    name,
    /** Where a statement that must see everything up to the mark can run; undefined = not here, not now. */
    databaseAt: (wanted: ReplayMark): Database | undefined => (isFresh(wanted) ? database : undefined),
    /** It did not show what it was believed to show: not used until it has been asked again. */
    doubt(): void {
      seen = undefined;
      wake();
    },
    /** It was asked, and did not answer as it must. */
    isAway: () => failing,
    /** The mark has moved. */
    moved: () => wake(),
    /** Rejects when the standby goes away in the middle of the work, which then has nobody who waits for it. */
    async whileThere<T>(work: Promise<T>): Promise<T> {
      let leave = () => {};
      const gone = new Promise<never>((_, reject) => {
        leave = () => reject(new StandbyGone(name));
      });
      leaving.add(leave);
      try {
        return await Promise.race([work, gone]);
      } finally {
        leaving.delete(leave);
      }
    },
    load: () => database?.load(),
    waits: () => database?.waits(),
    resize: (connections: number) => database?.resize?.(connections),
    async close(): Promise<void> {
      closing.abort();
      wake();
      await watching;
      probe?.hangUp();
      await database?.close();
    },
  };
}

export type Standby = ReturnType<typeof createStandby>;

export class StandbyGone extends Error {
  constructor(name: string) {
    super(`the read replica ${name} went away`);
  }
}

const backOff = ({ first, last }: { first: number; last: number }, times: number): number =>
  Math.min(first * 2 ** Math.min(times - 1, 10), last);
