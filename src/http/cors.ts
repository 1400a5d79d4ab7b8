import type { IncomingMessage, ServerResponse } from 'node:http';
import { originList } from './host-guard.ts';

export interface CorsOptions {
  /** The web pages that may read answers; there is no wildcard. */
  readonly origins: readonly string[];
  /** Request headers of the server's own, beside those of MCP clients. */
  readonly requestHeaders: readonly string[];
}

/** What MCP clients send: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports */
const mcpRequestHeaders = ['Authorization', 'Content-Type', 'Accept', 'MCP-Protocol-Version', 'Mcp-Method', 'Mcp-Name'];
/** What a page needs beside the body: the way to a token, how long to wait, and what to tell the operator. */
const exposed = ['WWW-Authenticate', 'Retry-After', 'X-Request-Id'].join(', ');
/** Seconds for which a browser need not ask again. */
const maxAge = '3600';

/**
 * Cross-origin requests by the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol). Credentials are never
 * allowed: tokens travel in a header that a page sets itself, and cookies of this server are for its own pages.
 */
export function createCors({ origins, requestHeaders }: CorsOptions) {
  const listed = originList(origins);
  const allowedHeaders = [...mcpRequestHeaders, ...requestHeaders].join(', ');
  return {
    /** Marks the answer as readable for the page that asks, if it is a listed one. */
    mark({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
      // On every answer, so that no cache gives one origin what was meant for another.
      response.setHeader('Vary', 'Origin');
      if (origin === undefined || !listed(origin)) return;
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', exposed);
    },
    isPreflight({ method, headers }: IncomingMessage): boolean {
      const { origin } = headers;
      const asks = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
      return asks && origin !== undefined && listed(origin);
    },
    answerPreflight(response: ServerResponse, methods: readonly string[]): void {
      response.statusCode = 204;
      response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
      response.setHeader('Access-Control-Allow-Headers', allowedHeaders);
      response.setHeader('Access-Control-Max-Age', maxAge);
      response.end();
    },
  };
}
export type Cors = ReturnType<typeof createCors>;
