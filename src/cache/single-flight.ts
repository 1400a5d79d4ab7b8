import { AppError } from '../core/errors.ts';

interface Flight<T> {
  readonly outcome: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * One execution for all who ask the same at the same time. A caller who leaves takes nobody along; the last one to leave ends
 * the execution, and whoever comes after that starts a new one.
 */
export function createSingleFlight<T>() {
  const flights = new Map<string, Flight<T>>();

  const depart = (key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const controller = new AbortController();
    const forget = () => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    const outcome = work(controller.signal).finally(forget);
    // Those who left do not hear how it ended.
    outcome.catch(() => {});
    const flight: Flight<T> = { outcome, controller, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };
  const leave = (key: string, flight: Flight<T>) => {
    flight.waiting -= 1;
    if (flight.waiting > 0) return;
    if (flights.get(key) === flight) flights.delete(key);
    flight.controller.abort();
  };

  return {
    async run(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
      if (signal?.aborted) throw cancelled();
      const flight = flights.get(key) ?? depart(key, work);
      flight.waiting += 1;
      if (signal === undefined) return flight.outcome;
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          leave(key, flight);
          reject(cancelled());
        };
        signal.addEventListener('abort', onAbort, { once: true });
        flight.outcome.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
      });
    },
    /** Executions under way. */
    size: () => flights.size,
  };
}

const cancelled = () => new AppError('query_timeout', 'The call was cancelled');
