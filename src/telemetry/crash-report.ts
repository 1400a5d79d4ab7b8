import type { Clock } from '../core/clock.ts';
import { mask } from './mask.ts';

export interface CrashReportOptions {
  /** Must have written when it returns (`fs.writeSync`): the process ends right after. */
  readonly write: (line: string) => void;
  readonly exit: (code: number) => void;
  readonly clock: Clock;
}

/**
 * For `uncaughtException` and `unhandledRejection`. Node's own report would print the error with all its properties, and with
 * them what a driver knows: the last line of a process is masked as every other is.
 */
export function createCrashReport({ write, exit, clock }: CrashReportOptions) {
  return (error: unknown, origin = 'uncaughtException'): void => {
    const head = { time: new Date(clock.now()).toISOString(), level: 'error', event: 'crashed', origin };
    write(`${JSON.stringify({ ...head, error: mask(error) })}\n`);
    exit(1);
  };
}
