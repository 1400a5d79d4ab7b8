import { AppError } from '../core/errors.ts';

/** Long enough for a last message, short enough for an orchestrator. */
const graceMs = 1000;

/** What a command that was stopped leaves to the parts that it closes; undefined = their own time. */
export const closeWithinMs = (stop: AbortSignal) => (stop.aborted ? graceMs : undefined);

/**
 * Runs a command that Ctrl-C and SIGTERM may ask to end: the first one aborts the signal, whose reason is an `AppError` for
 * a person, the second one ends the process at once.
 */
export async function stoppable<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(1);
    stop.abort(
      new AppError('dependency_unavailable', `Stopped by ${name}: what was not finished has been undone`, { cause: name }),
    );
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(stop.signal);
  } catch (error) {
    // A thread that is still making a database would keep the process alive to the end of it.
    if (error === stop.signal.reason) setTimeout(() => process.exit(), graceMs).unref();
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** For work that cannot be cut short: whoever stops does not wait for it. */
export async function unlessStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  const stopped = untilStopped(stop).then(() => Promise.reject(stop.reason));
  return Promise.race([work, stopped]);
}

/** Resolves with the name of the signal that asked the process to end. */
export function untilStopped(stop: AbortSignal): Promise<string> {
  const nameOf = () => String((stop.reason as Error).cause);
  if (stop.aborted) return Promise.resolve(nameOf());
  return new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve(nameOf()), { once: true });
  });
}
