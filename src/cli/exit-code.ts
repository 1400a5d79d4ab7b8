import { CommanderError } from 'commander';
import { AppError } from '../core/errors.ts';

/** 0 done, 1 found faults or failed, 2 bad usage, 78 configuration refused (EX_CONFIG of sysexits.h). */
export const exitCodes = { done: 0, failed: 1, usage: 2, configuration: 78 } as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (!(error instanceof AppError)) return exitCodes.failed;
  if (error.code === 'misconfigured') return exitCodes.configuration;
  return error.code === 'forbidden' || error.code === 'invalid_input' ? exitCodes.usage : exitCodes.failed;
}

/** For a person at a terminal: what happened, then what to do. */
export function explain(error: unknown): string {
  if (error instanceof AppError) {
    const cause = error.cause instanceof Error && !(error.cause instanceof AppError) ? `\n  cause: ${error.cause.message}` : '';
    return `${error.message}${error.hint === undefined ? '' : `\n${error.hint}`}${cause}\n`;
  }
  return error instanceof Error ? `${error.stack ?? error.message}\n` : `${String(error)}\n`;
}
