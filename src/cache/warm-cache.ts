import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { CacheQuestion, ResultCache } from './result-cache.ts';
import type { TableVersions } from './table-versions.ts';

export interface WarmCacheOptions {
  readonly cache: Pick<ResultCache, 'holds' | 'warm'>;
  readonly versions: Pick<TableVersions, 'stamp' | 'meanQuietMs' | 'quietMs'>;
  readonly clock: Clock;
  /** Whether the database has room for work that can wait. Asked before each statement. */
  readonly isIdle: () => boolean;
  /** What a statement failed with; it is tried again no sooner than any other. */
  readonly onError: (error: unknown) => void;
  /** Statements that are made again: those that cost most of the remembered. */
  readonly maxStatements?: number;
  /** Statements remembered; the one that was asked for longest ago makes room. */
  readonly maxRemembered?: number;
  /** Executions that make a statement a repeated one. */
  readonly minRuns?: number;
  /** Mean time of an execution below which warming is not worth it. */
  readonly minMeanMs?: number;
  /** A statement that nobody asked for this long is forgotten. */
  readonly forgetAfterMs?: number;
  /** Tables must have been quiet for this long: within a burst of changes every answer would be thrown away. */
  readonly settleMs?: number;
  /** Time between two executions of one statement. */
  readonly minIntervalMs?: number;
  readonly ttlMs?: { readonly min: number; readonly max: number };
}

/** Everything that makes the same answer again, in the same scope: it holds the scope, and neither token nor person. */
export type WarmQuestion = Pick<CacheQuestion, 'key' | 'relations' | 'produce'>;

interface Statement {
  readonly question: WarmQuestion;
  runs: number;
  totalMs: number;
  askedAt: number;
  warmedAt: number;
}

/**
 * Remembers the statements that cost most (executions times mean time), each in its scope, and makes their answers again, one at
 * a time and only while the database is idle, once a change or the end of their life has taken them from the cache.
 */
export function createWarmCache(options: WarmCacheOptions) {
  const { cache, versions, clock, isIdle, onError, maxStatements = 50, maxRemembered = 500 } = options;
  const { minRuns = 3, minMeanMs = 20, forgetAfterMs = 600_000, settleMs = 1000, minIntervalMs = 10_000 } = options;
  const { ttlMs = { min: 60_000, max: 3_600_000 } } = options;
  const statements = new LRUCache<string, Statement>({ max: maxRemembered });
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;
  const closing = new AbortController();
  let warmed = 0;

  /** The costliest first. */
  const due = (): Statement[] => {
    const now = clock.monotonic();
    for (const [key, { askedAt }] of statements) if (now - askedAt > forgetAfterMs) statements.delete(key);
    return [...statements.values()]
      .filter(({ runs, totalMs }) => runs >= minRuns && totalMs / runs >= minMeanMs)
      .sort((a, b) => b.totalMs - a.totalMs)
      .slice(0, maxStatements)
      .filter(({ warmedAt }) => now - warmedAt >= minIntervalMs)
      .filter(({ question }) => versions.quietMs(question.relations) >= settleMs);
  };
  /** Half of the time after which a change is to be expected. */
  const ttlOf = ({ relations }: WarmQuestion) => Math.min(ttlMs.max, Math.max(ttlMs.min, versions.meanQuietMs(relations) / 2));

  const warmDue = async () => {
    for (const statement of due()) {
      const { question } = statement;
      if (closing.signal.aborted || !isIdle()) return;
      if (versions.stamp(question.relations) === undefined || (await cache.holds(question))) continue;
      statement.warmedAt = clock.monotonic();
      try {
        await cache.warm({ ...question, signal: closing.signal }, ttlOf(question));
        warmed += 1;
      } catch (error) {
        if (!closing.signal.aborted) onError(error);
      }
    }
  };

  /** One round over what is due. A round that is still under way is joined. */
  const round = (): Promise<void> => {
    working ??= warmDue().finally(() => {
      working = undefined;
    });
    return working;
  };

  return {
    round,
    /** A caller asked; `ranMs` is there where the database had to answer. */
    asked(question: WarmQuestion, ranMs?: number): void {
      const now = clock.monotonic();
      const known = statements.get(question.key);
      if (known !== undefined) known.askedAt = now;
      if (ranMs === undefined) return;
      const statement = known ?? { question, runs: 0, totalMs: 0, askedAt: now, warmedAt: Number.NEGATIVE_INFINITY };
      statement.runs += 1;
      statement.totalMs += ranMs;
      statements.set(question.key, statement);
    },
    start(everyMs = 1000): void {
      timer ??= setInterval(() => void round(), everyMs).unref();
    },
    /** Ends the statement that is under way, too. */
    async close(): Promise<void> {
      clearInterval(timer);
      closing.abort();
      await working;
    },
    statistics: () => ({ remembered: statements.size, warmed }),
  };
}
