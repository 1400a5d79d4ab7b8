import { ProtocolError } from '@modelcontextprotocol/server';
import { AppError, type ErrorBody, type ErrorCode, toErrorBody } from '../core/errors.ts';

/** JSON-RPC codes of errors outside a tool. Refusals share -32000, the first code that JSON-RPC 2.0 leaves to servers. */
export function jsonRpcCode(code: ErrorCode): number {
  if (code === 'invalid_input' || code === 'not_found') return -32602;
  return code === 'internal' ? -32603 : -32000;
}

/** The form in which a handler may fail: the SDK would show any other error's message to the client. */
export function toProtocolError(error: unknown, requestId: string, extra: object = {}): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const body = toErrorBody(error, requestId);
  return new ProtocolError(jsonRpcCode(body.code), body.message, { ...extra, ...body });
}

export function notFound(kind: 'tool' | 'prompt' | 'resource', name: string, hint: string): AppError {
  return new AppError('not_found', `There is no ${kind} ${JSON.stringify(name.slice(0, 200))}`, { hint });
}

const looksLikeError = /"error":\{"code":-?\d/;

/** Gives the errors that the SDK answers by itself the body which all of ours have. */
export function explainErrors(wire: string): string {
  // Inside a string the quotes would be escaped, so this matches nothing but an error's own members.
  if (!looksLikeError.test(wire)) return wire;
  const message: unknown = JSON.parse(wire);
  return JSON.stringify(Array.isArray(message) ? message.map(explained) : explained(message));
}

interface JsonRpcErrorResponse {
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
}

function explained(response: unknown): unknown {
  if (!isErrorResponse(response)) return response;
  const { code, message, data } = response.error;
  if (isObject(data) && 'code' in data) return response;
  const body: ErrorBody = { code: appCode(code), message };
  return { ...response, error: { code, message, data: { ...(isObject(data) ? data : {}), ...body } } };
}

function appCode(code: number): ErrorCode {
  if (code === -32601) return 'not_found';
  return code === -32603 ? 'internal' : 'invalid_input';
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

const isErrorResponse = (value: unknown): value is JsonRpcErrorResponse =>
  isObject(value) && 'error' in value && isObject(value.error) && 'code' in value.error;
