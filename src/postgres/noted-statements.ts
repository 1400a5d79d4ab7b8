import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { Database } from './database.ts';

/** The same database, whose own statements are noted. Callers' statements are noted where their callers are known. */
export function noteOwnStatements(database: Database, { note, clock }: { readonly note: Note; readonly clock: Clock }): Database {
  return {
    ...database,
    async query(text, values) {
      const start = clock.monotonic();
      const ended = (outcome: 'answered' | AppError['code']) =>
        note({ kind: 'statement_ran', login: 'server', outcome, durationMs: clock.monotonic() - start });
      try {
        const rows = await database.query(text, values);
        ended('answered');
        return rows;
      } catch (error) {
        ended(error instanceof AppError ? error.code : 'internal');
        throw error;
      }
    },
  };
}
