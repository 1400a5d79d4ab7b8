import { AppError } from '../core/errors.ts';

/** What both drivers' errors have in common. https://www.postgresql.org/docs/17/protocol-error-fields.html */
interface PostgresError extends Error {
  code: string;
  hint?: string;
  position?: string;
}

/** Tells a SQLSTATE from an operating system's code of the same length, like EPIPE: no class of errors begins with an E. */
export function isPostgresError(error: unknown): error is PostgresError {
  return (
    error instanceof Error &&
    typeof (error as { code?: unknown }).code === 'string' &&
    /^[0-9FHPX][0-9A-Z]{4}$/.test((error as PostgresError).code)
  );
}

const connectionCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN']);

/**
 * The one place that knows SQLSTATEs (https://www.postgresql.org/docs/17/errcodes-appendix.html).
 * Only classes that are about the caller's own statement show the database's message.
 */
export function fromPostgres(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (!isPostgresError(error)) return fromConnection(error);
  const state = error.code;
  if (state === '57014') {
    return new AppError('query_timeout', 'The query took too long and was stopped', {
      hint: 'Filter on fewer stores or a shorter period, aggregate earlier, or read sales_by_day instead of orders.',
      cause: error,
    });
  }
  if (state === '42501') {
    return new AppError('query_failed', error.message, {
      hint: 'Name only readable columns; ask for the schema first.',
      cause: error,
    });
  }
  // Above all temp_file_limit: https://www.postgresql.org/docs/17/runtime-config-resource.html#GUC-TEMP-FILE-LIMIT
  if (state === '53400') {
    return new AppError('query_failed', 'The query needs more temporary space than a query may take', {
      hint: 'Sort, join or aggregate fewer rows: filter first.',
      cause: error,
    });
  }
  // Class 40: a deadlock, or a standby that had to take a conflicting change in. 55P03: a lock was not free in time.
  if (state === '53300' || state === '53200' || state === '55P03' || state.startsWith('40')) {
    return new AppError('overloaded', 'The database has no capacity left for this query', {
      hint: 'Try again shortly.',
      retryAfterMs: 2000,
      cause: error,
    });
  }
  if (/^(22|42|21|2F|0A|44|54)/.test(state)) {
    const at = error.position === undefined ? '' : ` (at position ${error.position} of the statement as it was sent)`;
    return new AppError('query_failed', `${error.message}${at}`, {
      hint: error.hint ?? 'Check names and types against get_multiple_table_schemas.',
      cause: error,
    });
  }
  if (/^(08|57|58)/.test(state)) return unavailable(error);
  // What is internal, callers never see: whoever starts the server reads this.
  if (state === '28P01' || state === '3D000') {
    return new AppError('internal', 'The database does not let this server in', {
      hint: 'Check POSTGRES_PASSWORD, POSTGRES_DB and POSTGRES_ROLE_PREFIX; zava-mcp-server bootstrap makes login and database.',
      cause: error,
    });
  }
  return new AppError('internal', 'The database refused an operation', { cause: error });
}

/** For the server's own fixed statements: a complaint about one of them is a fault of ours, never the caller's. */
export function fromOwnStatement(error: unknown): AppError {
  const translated = fromPostgres(error);
  if (translated.code !== 'query_failed') return translated;
  return new AppError('internal', 'A statement of the server failed', { cause: error });
}

function fromConnection(error: unknown): AppError {
  const code = (error as { code?: unknown } | undefined)?.code;
  const message = error instanceof Error ? error.message : '';
  if (
    (typeof code === 'string' && connectionCodes.has(code)) ||
    /Connection terminated|timeout exceeded|not queryable/.test(message)
  ) {
    return unavailable(error);
  }
  return new AppError('internal', 'An unexpected failure', { cause: error });
}

function unavailable(cause: unknown): AppError {
  return new AppError('dependency_unavailable', 'The database cannot be reached at the moment', {
    hint: 'Try again shortly.',
    retryAfterMs: 5000,
    cause,
  });
}
