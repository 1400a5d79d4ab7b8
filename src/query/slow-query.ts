import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { loadParser, normalizeSync } from './guard-rules/parser.ts';
import { reparse } from './parse-sql.ts';
import { createStatementFingerprint } from './statement-fingerprint.ts';

export interface SlowQueryOptions {
  /** A statement that takes longer is noted. */
  readonly thresholdMs: number;
  readonly note: Note;
}

export interface RanStatement {
  /** As the caller wrote it: its fingerprint is the audit trail's. */
  readonly sql: string;
  /** The guard's text: without the caller's comments, which no one can tell from data. */
  readonly text: string;
  readonly requestId?: string | undefined;
  readonly durationMs: number;
  /** What it ended with, in place of rows. */
  readonly outcome: { readonly rowCount: number } | { readonly error: unknown };
}

/** Longest text in one event. */
const maxTextLength = 200;

/** Tells of statements that took long, by their form: what stands in their literals are people's data. */
export async function createSlowQueryWatch({ thresholdMs, note }: SlowQueryOptions) {
  const [fingerprintOf] = await Promise.all([createStatementFingerprint(), loadParser()]);
  return ({ sql, text, requestId, durationMs, outcome }: RanStatement): void => {
    if (durationMs <= thresholdMs || ('error' in outcome && !ranLong(outcome.error))) return;
    note({
      kind: 'slow_query',
      fingerprint: fingerprintOf(sql),
      text: withoutLiterals(text),
      durationMs: Math.round(durationMs),
      rowCount: 'rowCount' in outcome ? outcome.rowCount : 0,
      ...(requestId !== undefined && { requestId }),
    });
  };
}

export type SlowQueryWatch = Awaited<ReturnType<typeof createSlowQueryWatch>>;

/** Waiting for a connection, or for a database that is away, is not the statement's doing. */
const ranLong = (error: unknown) => error instanceof AppError && error.code === 'query_timeout';

/** The normaliser answers what it cannot read with a complaint that quotes it: so it is read first. */
function withoutLiterals(text: string): string {
  return reparse(text) === undefined ? 'unreadable' : normalizeSync(text).slice(0, maxTextLength);
}
