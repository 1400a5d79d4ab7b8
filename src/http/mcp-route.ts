import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Clock, systemClock } from '../core/clock.ts';
import { askerOf, type Note, type Observation } from '../core/observation.ts';
import type { Principal } from '../core/principal.ts';
import { clientAddress } from '../identity/client-address.ts';
import { type Authenticate, allValues, bearerToken, type ChallengeOptions, challenge, type Recognise } from './authenticate.ts';
import { jsonRpcRefusal, type Refusal, sendRefusal } from './error-response.ts';
import { rest } from './in-flight.ts';
import { messageFacts } from './message-facts.ts';
import { EnvelopeError, readJsonBody } from './request-body.ts';

/** The MCP endpoint behind the route. A refusal before dispatch is thrown as an `AppError`. */
export interface McpEndpoint {
  handle(exchange: {
    readonly principal: Principal;
    readonly requestId: string;
    /** By their lower-case names, without the token: nothing behind the route may see or forward it. */
    readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
    readonly body: unknown;
    readonly signal: AbortSignal;
    /** Who the caller is by now, for an answer that lasts; rejects when the token is good no longer. */
    readonly recognise?: (() => Promise<Principal>) | undefined;
  }): Promise<McpAnswer>;
}

export interface McpAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string | AsyncIterable<string>;
  /** A stream that waits rather than works: it does not count as a request in progress. */
  readonly rests?: true;
}

export interface McpRouteOptions {
  readonly endpoint: McpEndpoint;
  readonly authenticate: Authenticate;
  readonly recognise?: Recognise | undefined;
  /** Lower-case name of the header that narrows the caller's tenants. */
  readonly tenantHeader: string;
  readonly challenge: ChallengeOptions;
  /** Proxies in front of the server whose X-Forwarded-For counts. */
  readonly trustedProxies: number;
  readonly clock?: Clock;
  readonly note: Note;
}

/** POST of one MCP message: token, body, endpoint, answer, in this order. */
export function createMcpRoute(options: McpRouteOptions) {
  const { endpoint, authenticate, recognise, tenantHeader, trustedProxies, clock = systemClock, note } = options;
  return async (request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> => {
    const gone = new AbortController();
    response.once('close', () => {
      // After a whole answer nobody is left to be told.
      if (!response.writableFinished) gone.abort();
    });
    const peer = peerOf(request, trustedProxies);
    let body: unknown;
    let principal: Principal | undefined;
    let noted = false;
    const startedAt = clock.monotonic();
    const ended = (end: Ended, rests = false) =>
      note({
        kind: 'request_answered',
        ...{ requestId, transport: 'http', ...messageFacts(request.headers, body), ...end },
        ...(!rests && { durationMs: clock.monotonic() - startedAt }),
      });
    try {
      const token = bearerToken(request);
      noted = true;
      const credentials = { token, tenantHeader: allValues(request, tenantHeader), peer, requestId };
      principal = await authenticate(credentials);
      noted = false;
      body = await readJsonBody(request);
      const { authorization: _token, cookie: _cookie, ...headers } = request.headers;
      const again = recognise && (() => recognise(credentials));
      const answer = await endpoint.handle({ principal, requestId, headers, body, signal: gone.signal, recognise: again });
      if (answer.contentType !== undefined) response.setHeader('Content-Type', answer.contentType);
      response.statusCode = answer.status;
      const end: Ended = { outcome: outcomeOf(answer.status), httpStatus: answer.status };
      if (typeof answer.body === 'string') response.end(answer.body);
      else {
        // A proxy that gathers an answer before it sends it on would hold the events back.
        response.setHeader('X-Accel-Buffering', 'no');
        if (answer.rests) rest(response);
        await pipeline(answer.body, response);
      }
      ended(end, answer.rests);
    } catch (error) {
      if (gone.signal.aborted) {
        ended({ outcome: 'gone' });
        return;
      }
      const { status, error: told } = refuse(request, response, { error, body, requestId, peer, principal, noted }, options);
      ended({ outcome: outcomeOf(status), httpStatus: status, code: told.code });
    }
  };
}

type Ended = Pick<Extract<Observation, { kind: 'request_answered' }>, 'outcome' | 'httpStatus' | 'code'>;

const outcomeOf = (status: number): Ended['outcome'] => (status < 400 ? 'answered' : status < 500 ? 'refused' : 'failed');

/** The address of the caller, behind the trusted proxies. */
export function peerOf(request: IncomingMessage, trustedProxies: number): string | undefined {
  const socket = request.socket.remoteAddress;
  const forwarded = request.headersDistinct['x-forwarded-for']?.join(',');
  return socket === undefined ? undefined : clientAddress(socket, forwarded, trustedProxies);
}

interface Fault {
  readonly error: unknown;
  readonly body: unknown;
  readonly requestId: string;
  readonly peer: string | undefined;
  readonly principal: Principal | undefined;
  /** Whether `authenticate` has noted the refusal. */
  readonly noted: boolean;
}

function refuse(request: IncomingMessage, response: ServerResponse, fault: Fault, options: McpRouteOptions): Refusal {
  const { error, body, requestId, peer, principal, noted } = fault;
  const refusal = jsonRpcRefusal(error, {
    requestId,
    id: jsonRpcId(body),
    ...(error instanceof EnvelopeError ? { envelopeFault: error.jsonRpcCode } : {}),
  });
  const authenticateHeader = challenge(error, request.headers.authorization !== undefined, options.challenge);
  if (authenticateHeader !== undefined && !response.headersSent) response.setHeader('WWW-Authenticate', authenticateHeader);
  const asker = principal && askerOf(principal);
  sendRefusal({ request, response, refusal, error, requestId, peer, asker, noted }, options.note);
  return refusal;
}

function jsonRpcId(body: unknown): string | number | null {
  if (typeof body !== 'object' || body === null || !('id' in body)) return null;
  return typeof body.id === 'string' || typeof body.id === 'number' ? body.id : null;
}
