import type { Clock } from '../core/clock.ts';
import { AppError, type ErrorCode } from '../core/errors.ts';

export type BreakerState = 'closed' | 'open' | 'half_open';

/** What a failed call says about the dependency: it is down, it is well (and refused the caller), or nothing. */
export type Verdict = 'down' | 'well' | 'unknown';

export interface BreakerOptions {
  /** The dependency, as an operator calls it, for example `database`. */
  readonly name: string;
  readonly clock: Clock;
  /** Failures in a row that open it. */
  readonly failures?: number;
  readonly openMs?: number;
  readonly judge?: (error: unknown) => Verdict;
  /** Called at every change of state. */
  readonly onChange?: (state: BreakerState, name: string) => void;
}

interface Attempt {
  /** Changes with every change of state: what was asked before says nothing about now. */
  readonly epoch: number;
}

/**
 * Keeps callers away from a dependency that is down. Closed until so many calls in a row have failed; then open for a while;
 * then one call is let through to try it, and the others are refused until that one has answered.
 */
export function createBreaker(options: BreakerOptions) {
  const { name, clock, failures = 5, openMs = 60_000, judge = judgeError, onChange } = options;
  let state: BreakerState = 'closed';
  let epoch = 0;
  let failed = 0;
  /** Since when it is open, or since when the one call of `half_open` has been under way. */
  let since = 0;
  let probing = false;

  const become = (next: BreakerState) => {
    state = next;
    epoch += 1;
    failed = 0;
    since = clock.monotonic();
    probing = false;
    onChange?.(next, name);
  };
  const refusal = (remainingMs: number) =>
    new AppError('circuit_open', `The ${name} does not answer at the moment and is being left alone`, {
      hint: `Try again in ${Math.ceil(remainingMs / 1000)} s.`,
      retryAfterMs: remainingMs,
    });

  const admit = (): Attempt => {
    const elapsed = clock.monotonic() - since;
    if (state === 'open') {
      if (elapsed < openMs) throw refusal(openMs - elapsed);
      become('half_open');
    }
    if (state === 'half_open') {
      // A probe that never answers must not keep the circuit open for ever: after `openMs` it has failed.
      if (probing && clock.monotonic() - since < openMs) throw refusal(Math.min(1000, openMs));
      if (probing) epoch += 1;
      probing = true;
      since = clock.monotonic();
    }
    return { epoch };
  };
  const settle = (attempt: Attempt, verdict: Verdict) => {
    if (attempt.epoch !== epoch) return;
    if (state === 'half_open') {
      if (verdict === 'unknown') probing = false;
      else become(verdict === 'well' ? 'closed' : 'open');
      return;
    }
    if (verdict === 'well') failed = 0;
    if (verdict === 'down') failed += 1;
    if (failed >= failures) become('open');
  };

  return {
    /** A caller that has gone (`signal`) says nothing about the dependency, whatever the work then failed with. */
    async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
      const attempt = admit();
      try {
        const value = await work();
        settle(attempt, 'well');
        return value;
      } catch (error) {
        settle(attempt, signal?.aborted ? 'unknown' : judge(error));
        throw error;
      }
    },
    state: (): BreakerState => (state === 'open' && clock.monotonic() - since >= openMs ? 'half_open' : state),
  };
}

export type Breaker = ReturnType<typeof createBreaker>;

/** Slow or many calls are the callers' doing: were they counted, one caller could close the dependency to all. */
const unknown: ReadonlySet<ErrorCode> = new Set(['query_timeout', 'overloaded', 'rate_limited', 'circuit_open', 'internal']);

export function judgeError(error: unknown): Verdict {
  if (!(error instanceof AppError)) return error instanceof Error && error.name === 'AbortError' ? 'unknown' : 'down';
  if (error.code === 'dependency_unavailable') return 'down';
  return unknown.has(error.code) ? 'unknown' : 'well';
}
