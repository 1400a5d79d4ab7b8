import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { RanStatement, SlowQueryWatch } from './slow-query.ts';

export interface WatchStatementsOptions {
  readonly watchSlow: SlowQueryWatch;
  readonly note: Note;
}

/** Tells of every statement of a caller's that PostgreSQL was asked, and once more of the slow ones. */
export function watchStatements({ watchSlow, note }: WatchStatementsOptions) {
  return (ran: RanStatement): void => {
    watchSlow(ran);
    const { text, requestId, durationMs, outcome } = ran;
    const code = 'error' in outcome ? codeOf(outcome.error) : undefined;
    // The database was left alone.
    if (code === 'circuit_open') return;
    note({
      ...{ kind: 'statement_ran', login: 'reader', requestId, durationMs, statement: text },
      ...{ outcome: code ?? 'answered', rowCount: 'rowCount' in outcome ? outcome.rowCount : undefined },
    });
  };
}

const codeOf = (error: unknown) => (error instanceof AppError ? error.code : 'internal');
