import { AppError } from '../../core/errors.ts';

export interface StreamLimits {
  /** Of one caller in this process. */
  readonly maxPerCaller?: number;
  /** Of all callers in this process. */
  readonly maxTotal?: number;
}

/** The streams of this process, by caller: counted, and ended together. */
export function createOpenStreams({ maxPerCaller = 4, maxTotal = 200 }: StreamLimits = {}) {
  const open = new Set<{ readonly subject: string; readonly end: () => void }>();
  return {
    /** Returns what gives the place back. Throws `rate_limited` or `overloaded`. */
    enter(subject: string, end: () => void): () => void {
      const own = [...open].filter((stream) => stream.subject === subject).length;
      if (own >= maxPerCaller) {
        throw new AppError('rate_limited', `You have ${own} streams open, and may have no more`, {
          hint: 'One stream can tell of all that you want to hear of: close the others.',
          retryAfterMs: 1000,
        });
      }
      if (open.size >= maxTotal) {
        throw new AppError('overloaded', 'The server has as many streams open as it can hold', { retryAfterMs: 5000 });
      }
      const stream = { subject, end };
      open.add(stream);
      return () => void open.delete(stream);
    },
    size: () => open.size,
    endAll(): void {
      for (const { end } of open) end();
    },
  };
}
