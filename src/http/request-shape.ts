import type { IncomingMessage } from 'node:http';
import { HttpFault } from './error-response.ts';

const maxHeaders = 100;

/** Of these Node keeps the first and drops the rest, so that a proxy and this server could take one request for two. */
const onceOnly = ['host', 'content-type'] as const;

/** What no honest client sends, although the HTTP parser lets it through. Throws `HttpFault`. */
export function checkRequestShape(request: IncomingMessage): void {
  if (request.rawHeaders.length > 2 * maxHeaders) {
    throw new HttpFault(431, `A request has at most ${maxHeaders} header fields`);
  }
  for (const name of onceOnly) {
    if ((request.headersDistinct[name] ?? []).length > 1) throw new HttpFault(400, `The header ${name} may be sent once`);
  }
  // An absolute address would bring a host of its own beside Host, and this is no proxy that could need it.
  if (!request.url?.startsWith('/')) throw new HttpFault(400, 'The request target must be a path, such as /mcp');
}

/** The body must be what it will be read as: JSON in UTF-8 (RFC 8259, section 8.1), not compressed. Throws `HttpFault`. */
export function checkBodyType({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw new HttpFault(415, 'The body must not be compressed');
  if (!jsonType.test(headers['content-type'] ?? '')) {
    throw new HttpFault(415, 'The body must be JSON in UTF-8', 'Send Content-Type: application/json.');
  }
}

const jsonType = /^application\/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?[ \t]*$/i;
