/** Every failure a caller or an operator can meet, grouped by who must act. */
export const errorCatalogue = {
  // the caller
  invalid_input: { httpStatus: 400, retry: 'no' },
  unauthenticated: { httpStatus: 401, retry: 'after_new_token' },
  forbidden: { httpStatus: 403, retry: 'no' },
  insufficient_scope: { httpStatus: 403, retry: 'after_new_token' },
  not_found: { httpStatus: 404, retry: 'no' },
  query_rejected: { httpStatus: 400, retry: 'no' },
  query_failed: { httpStatus: 400, retry: 'no' },
  // the caller, later
  rate_limited: { httpStatus: 429, retry: 'yes' },
  query_timeout: { httpStatus: 504, retry: 'yes' },
  overloaded: { httpStatus: 503, retry: 'yes' },
  dependency_unavailable: { httpStatus: 503, retry: 'yes' },
  circuit_open: { httpStatus: 503, retry: 'yes' },
  // the operator: the server never starts to serve with it
  misconfigured: { httpStatus: 500, retry: 'no' },
  // us: the text is hidden, the request id is shown
  internal: { httpStatus: 500, retry: 'maybe' },
} as const satisfies Record<string, { httpStatus: number; retry: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

export interface AppErrorOptions {
  hint?: string;
  retryAfterMs?: number;
  /** What really happened. It stays in the log, it never reaches a caller. */
  cause?: unknown;
}

/** The form in which every error leaves the server. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  hint?: string;
  retry_after_s?: number;
}

/** The one error type of the project. `message` and `hint` are written for the caller; switch on `code`, never on text. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Anything that is not an `AppError` is a fault of ours and tells the caller nothing but the request id. */
export function toErrorBody(error: unknown, requestId: string): ErrorBody {
  if (!(error instanceof AppError) || error.code === 'internal') {
    return {
      code: 'internal',
      message: `The server could not answer this call. Request id: ${requestId}`,
      hint: 'Report the request id to the operator; the cause is in the server log.',
    };
  }
  const body: ErrorBody = { code: error.code, message: error.message };
  if (error.hint !== undefined) body.hint = error.hint;
  if (error.retryAfterMs !== undefined) body.retry_after_s = Math.ceil(error.retryAfterMs / 1000);
  return body;
}
