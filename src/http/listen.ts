import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { jsonRpcRefusal, sendRefusal } from './error-response.ts';
import { createInFlight } from './in-flight.ts';
import { answerMalformed } from './malformed.ts';
import { setSecurityHeaders } from './security-headers.ts';

/** Against clients that send too much, send slowly, never finish, or do not read. */
export interface ListenLimits {
  /** Requests in progress at once; one more is told to come back. */
  readonly maxInFlight?: number;
  /** One more is closed without an answer. */
  readonly maxConnections?: number;
  /** Request line and headers together. */
  readonly maxHeaderBytes?: number;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** How long a connection may rest with an answer that is not being read. */
  readonly idleTimeoutMs?: number;
}

export interface ListenOptions extends ListenLimits {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly note?: Note;
}

export interface HttpServer {
  readonly port: number;
  /** For example `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Takes no new request, lets those in progress finish, and cuts them off when `deadlineMs` is over. With a grace before that
   * it takes no new connection, but answers what still comes on those there are, each for the last time: a client whose request
   * met the closing of its idle connection could not know whether it was heard (RFC 9112, section 9.5).
   */
  close(deadlineMs?: number, graceMs?: number): Promise<void>;
}

/** Plain `node:http` within limits. */
export async function listen({ handle, host, port, note = () => {}, ...limits }: ListenOptions): Promise<HttpServer> {
  const { maxInFlight = 512, maxConnections = 4096 } = limits;
  const inFlight = createInFlight(maxInFlight);
  let parting = false;
  let draining = false;
  const server = limitedServer(limits);
  server.maxConnections = maxConnections;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (draining || !inFlight.enter(response)) {
      overloaded(request, response, draining, note);
      return;
    }
    if (parting) response.shouldKeepAlive = false;
    response.once('close', () => {
      // A kept-alive connection would hold up the shutdown until its own timeout.
      if (draining) setImmediate(() => server.closeIdleConnections());
    });
    // While the answer is computed the connection rests with good reason.
    response.on('timeout', () => {
      if ((response.socket?.writableLength ?? 0) > 0) response.destroy();
    });
    handle(request, response).catch(() => response.destroy());
  });
  answerMalformed(server, note);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(startFault(error, host, port)));
    // Many come at once, and this process may be busy: those that find no room in the queue wait for seconds, or are reset.
    server.listen({ port, host, backlog: maxConnections }, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;

  return {
    port: address.port,
    url: `http://${name}:${address.port}`,
    async close(deadlineMs = 20_000, graceMs = 0) {
      parting = true;
      // The server's own `close` would end idle connections as well.
      const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
      if (graceMs > 0) await Promise.race([closed, delay(graceMs)]);
      draining = true;
      server.close();
      server.closeIdleConnections();
      const cutOff = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(cutOff);
    },
  };
}

function limitedServer(limits: ListenLimits): Server {
  const { maxHeaderBytes = 16_384, idleTimeoutMs = 30_000 } = limits;
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = limits;
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // How often Node looks for connections that are over their time.
    connectionsCheckingInterval: Math.min(headersTimeoutMs, requestTimeoutMs, 5000),
  });
  server.timeout = idleTimeoutMs;
  // Node drops fields beyond its own limit without a word; ours, in request-shape.ts, refuses the request.
  server.maxHeadersCount = 0;
  return server;
}

function overloaded(request: IncomingMessage, response: ServerResponse, draining: boolean, note: Note): void {
  const requestId = randomUUID();
  const message = draining ? 'The server is shutting down' : 'The server has as many requests as it can hold';
  const error = new AppError('overloaded', message, { retryAfterMs: 1000 });
  setSecurityHeaders(response, false);
  response.setHeader('X-Request-Id', requestId);
  response.setHeader('Connection', 'close');
  sendRefusal({ request, response, refusal: jsonRpcRefusal(error, { requestId }), error, requestId }, note);
}

function startFault(error: Error, host: string, port: number): AppError {
  return new AppError('misconfigured', `Cannot listen on ${host}:${port}: ${error.message}`, {
    hint: 'Choose another address with HOST and PORT, or end the process that holds this one.',
    cause: error,
  });
}
