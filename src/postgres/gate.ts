import { AppError } from '../core/errors.ts';

export interface GateOptions {
  readonly slots: number;
  readonly queueLimit: number;
  readonly timeoutMs: number;
}

/** Lets so many calls through at a time; the others wait in line, in order, for a bounded time. */
export function createGate({ slots, queueLimit, timeoutMs }: GateOptions) {
  let free = slots;
  const waiting: (() => void)[] = [];

  const enter = (signal: AbortSignal | undefined): Promise<void> => {
    if (signal?.aborted) return Promise.reject(new AppError('query_timeout', 'The call was cancelled'));
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    if (waiting.length >= queueLimit) return Promise.reject(busy(timeoutMs));
    return new Promise((resolve, reject) => {
      const leaveQueue = (error: AppError) => {
        waiting.splice(waiting.indexOf(admit), 1);
        clearTimeout(timer);
        reject(error);
      };
      const onAbort = () => leaveQueue(new AppError('query_timeout', 'The call was cancelled while it waited'));
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        leaveQueue(busy(timeoutMs));
      }, timeoutMs);
      const admit = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.push(admit);
    });
  };
  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return {
    async run<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

function busy(timeoutMs: number): AppError {
  return new AppError('overloaded', 'Every database connection is busy', {
    hint: `No connection came free within ${timeoutMs / 1000} s: try again shortly.`,
    retryAfterMs: timeoutMs,
  });
}
