import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../core/errors.ts';
import { jsonRpcRefusal } from './error-response.ts';
import { setSecurityHeaders } from './security-headers.ts';

export interface ListenOptions {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Requests in progress at once; one more is told to come back. */
  readonly maxInFlight?: number;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

export interface HttpServer {
  readonly port: number;
  /** For example `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Takes no new request, lets those in progress finish, and cuts them off when `deadlineMs` is over. */
  close(deadlineMs?: number): Promise<void>;
}

/** Plain `node:http`. The limits are against clients that send slowly or never finish. */
export async function listen(options: ListenOptions): Promise<HttpServer> {
  const { handle, host, port, maxInFlight = 512, headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = options;
  let inFlight = 0;
  let draining = false;
  const limits = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // How often Node looks for connections that are over their time.
    connectionsCheckingInterval: Math.min(headersTimeoutMs, 5000),
  };
  const server = createServer(limits, (request, response) => {
    if (draining || inFlight >= maxInFlight) {
      overloaded(response, draining);
      return;
    }
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
      // A kept-alive connection would hold up the shutdown until its own timeout.
      if (draining) setImmediate(() => server.closeIdleConnections());
    });
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(startFault(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;

  return {
    port: address.port,
    url: `http://${name}:${address.port}`,
    async close(deadlineMs = 20_000) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cutOff = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(cutOff);
    },
  };
}

function overloaded(response: ServerResponse, draining: boolean): void {
  const message = draining ? 'The server is shutting down' : 'The server has as many requests as it can hold';
  const refusal = jsonRpcRefusal(new AppError('overloaded', message, { retryAfterMs: 1000 }), { requestId: '' });
  setSecurityHeaders(response, false);
  response.setHeader('Retry-After', '1');
  response.setHeader('Connection', 'close');
  response.setHeader('Content-Type', 'application/json');
  response.statusCode = refusal.status;
  response.end(refusal.body);
}

function startFault(error: Error, host: string, port: number): AppError {
  return new AppError('misconfigured', `Cannot listen on ${host}:${port}: ${error.message}`, {
    hint: 'Choose another address with HOST and PORT, or end the process that holds this one.',
    cause: error,
  });
}
