import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, type ErrorBody, type ErrorCode, errorCatalogue, toErrorBody } from '../core/errors.ts';
import type { Asker, Note } from '../core/observation.ts';

/** `invalid_input` for which HTTP has a status of its own. */
export class HttpFault extends AppError {
  readonly httpStatus: number;

  constructor(httpStatus: number, message: string, hint?: string) {
    super('invalid_input', message, hint === undefined ? {} : { hint });
    this.httpStatus = httpStatus;
  }
}

/** JSON-RPC 2.0 codes for a body that cannot be taken as a request. */
export type EnvelopeFault = -32700 | -32600;

export interface RefusalOptions {
  readonly requestId: string;
  /** The JSON-RPC id, once the request is parsed. */
  readonly id?: string | number | null;
  readonly envelopeFault?: EnvelopeFault;
}

export interface Refusal {
  readonly status: number;
  readonly body: string;
  readonly error: ErrorBody;
}

/** A JSON-RPC error for what is refused before dispatch: -32000, or -32603 for a fault of ours. */
export function jsonRpcRefusal(error: unknown, { requestId, id = null, envelopeFault }: RefusalOptions): Refusal {
  const body = toErrorBody(error, requestId);
  const code = envelopeFault ?? (body.code === 'internal' ? -32603 : -32000);
  return {
    status: statusOf(error, body),
    body: JSON.stringify({ jsonrpc: '2.0', error: { code, message: body.message, data: body }, id }),
    error: body,
  };
}

/** The same outside JSON-RPC. */
export function plainRefusal(error: unknown, requestId: string): Refusal {
  const body = toErrorBody(error, requestId);
  return { status: statusOf(error, body), body: JSON.stringify(body), error: body };
}

function statusOf(error: unknown, { code }: ErrorBody): number {
  return error instanceof HttpFault ? error.httpStatus : errorCatalogue[code].httpStatus;
}

export interface Refused {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly refusal: Refusal;
  readonly error: unknown;
  readonly requestId: string;
  /** Behind trusted proxies; absent = the socket's other end. */
  readonly peer?: string | undefined;
  readonly asker?: Asker | undefined;
  /** Whether the refusal was noted already, as `access_refused`. */
  readonly noted?: boolean;
  /** Of the refusal's body; JSON unless given. */
  readonly contentType?: string;
}

/** What the operator must look into. A caller's own mistake is no fault: anyone could fill the log with bad tokens. */
const faults: ReadonlySet<ErrorCode> = new Set(['internal', 'dependency_unavailable']);

/** Notes the refusal and answers with it, or cuts the connection where an answer has begun already. */
export function sendRefusal(
  { request, response, refusal, error, requestId, asker, noted, contentType, peer = request.socket.remoteAddress }: Refused,
  note: Note,
): void {
  const { code, message, retry_after_s } = refusal.error;
  note({
    kind: 'request_refused',
    requestId,
    code,
    httpStatus: refusal.status,
    message,
    ...asker,
    ...(peer === undefined ? {} : { peer }),
    ...(noted ? { noted } : {}),
  });
  if (faults.has(code)) note({ kind: 'fault_met', requestId, where: 'http', error });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (retry_after_s !== undefined) response.setHeader('Retry-After', retry_after_s);
  // What is left of an unread body must not be taken for the next request.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.setHeader('Content-Type', contentType ?? 'application/json');
  response.statusCode = refusal.status;
  response.end(refusal.body);
}
