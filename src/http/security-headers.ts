import type { ServerResponse } from 'node:http';

const always: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Frame-Options', 'DENY'],
  // The filter that this header once steered was itself a hole: 0 switches it off.
  ['X-XSS-Protection', '0'],
  ['Cache-Control', 'no-store'],
];

/** @param tls whether callers reach the server by TLS, ended here or at a trusted proxy. Elsewhere HSTS means nothing. */
export function setSecurityHeaders(response: ServerResponse, tls: boolean): void {
  for (const [name, value] of always) response.setHeader(name, value);
  if (tls) response.setHeader('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
}
