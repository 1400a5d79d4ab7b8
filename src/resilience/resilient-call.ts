import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { AppError, errorCatalogue } from '../core/errors.ts';
import type { Breaker } from './breaker.ts';

export interface ResilientCallOptions {
  /** The dependency, as an operator calls it, for example `embedder`. */
  readonly name: string;
  readonly clock: Clock;
  /** The whole call, waiting included. */
  readonly timeoutMs: number;
  /** One attempt. Absent = what is left of the whole. */
  readonly attemptTimeoutMs?: number;
  readonly breaker?: Breaker;
  readonly tries?: number;
  readonly baseMs?: number;
  readonly factor?: number;
  readonly retryable?: (error: unknown) => boolean;
  /** Milliseconds that the dependency asked to wait (Retry-After, RFC 9110, section 10.2.3). */
  readonly retryAfterMs?: (error: unknown) => number | undefined;
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

export interface CallOptions {
  /** Only a call that may be made twice is tried again. */
  readonly idempotent: boolean;
  readonly signal?: AbortSignal | undefined;
  /** The caller's own end, on the monotonic clock. The call ends by then, even where it is allowed longer by itself. */
  readonly deadlineAt?: number;
}

/**
 * A call to something that may fail for a moment: with a deadline, behind a breaker, and tried again after a random wait up to
 * `baseMs · factor^n` ("full jitter": https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function createResilientCall(options: ResilientCallOptions) {
  const { name, clock, timeoutMs, attemptTimeoutMs = timeoutMs, breaker, tries = 3, baseMs = 200, factor = 2 } = options;
  const { retryable = isRetryable, retryAfterMs = statedWait, random = Math.random, sleep = sleepUntilAborted } = options;

  const attempt = <T>(work: (signal: AbortSignal) => Promise<T>, leftMs: number, signal: AbortSignal | undefined) => {
    const run = () => withinTime(name, work, Math.min(attemptTimeoutMs, leftMs), signal);
    return breaker === undefined ? run() : breaker.run(run, signal);
  };

  return async <T>(work: (signal: AbortSignal) => Promise<T>, call: CallOptions): Promise<T> => {
    const end = Math.min(clock.monotonic() + timeoutMs, call.deadlineAt ?? Number.POSITIVE_INFINITY);
    for (let tried = 1; ; tried += 1) {
      try {
        call.signal?.throwIfAborted();
        return await attempt(work, end - clock.monotonic(), call.signal);
      } catch (error) {
        if (call.signal?.aborted || tried >= tries || !call.idempotent || !retryable(error)) throw error;
        const waitMs = Math.max(random() * baseMs * factor ** (tried - 1), retryAfterMs(error) ?? 0);
        // Whoever waits past the deadline could only be told that it has passed: the reason is worth more.
        if (clock.monotonic() + waitMs >= end) throw error;
        await sleep(waitMs, call.signal);
      }
    }
  };
}

const transient = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_SOCKET']);

/** Our own errors by their catalogue; others by HTTP status (408, 429, 5xx) or by the code of a broken connection. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof AppError) return error.code !== 'circuit_open' && errorCatalogue[error.code].retry === 'yes';
  const { status, statusCode, code, cause } = (error ?? {}) as Record<string, unknown>;
  const http = status ?? statusCode;
  if (typeof http === 'number') return http === 408 || http === 429 || http >= 500;
  if (typeof code === 'string' && transient.has(code)) return true;
  // `fetch` hides the reason one level down.
  return cause !== undefined && cause !== error && isRetryable(cause);
}

const statedWait = (error: unknown) => (error instanceof AppError ? error.retryAfterMs : undefined);

const sleepUntilAborted = (ms: number, signal: AbortSignal | undefined) =>
  sleepFor(ms, undefined, signal === undefined ? {} : { signal });

/** Ends on time even where the work does not heed its signal. */
async function withinTime<T>(
  name: string,
  work: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  caller: AbortSignal | undefined,
): Promise<T> {
  const own = new AbortController();
  let stop = (_reason: unknown) => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = (reason) => {
      own.abort(reason);
      reject(reason);
    };
  });
  const late = () => new AppError('dependency_unavailable', `The ${name} did not answer within ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => stop(late()), Math.max(0, timeoutMs));
  const onAbort = () => stop(caller?.reason);
  caller?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(own.signal), stopped]);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', onAbort);
  }
}
