import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../core/errors.ts';

export interface HttpsOnlyOptions {
  /** The https:// address that clients use. */
  readonly publicUrl: string;
  /** Proxies in front of the server whose X-Forwarded-Proto counts. */
  readonly trustedProxies: number;
}

/** Platforms probe by plain HTTP, behind the proxy; these answers tell nothing. */
const probes: ReadonlySet<string> = new Set(['/health', '/health/live', '/health/ready']);

/**
 * For requests that reached the outermost proxy in clear text. A page is sent on to its https:// address. Whatever may carry
 * a token is refused instead: the token has crossed the network by then, and a redirect would make that work for ever, unseen
 * (RFC 6750, section 5.3: TLS always). Throws `forbidden`; true when the request has been answered.
 */
export function createHttpsOnly({ publicUrl, trustedProxies }: HttpsOnlyOptions) {
  return (request: IncomingMessage, response: ServerResponse, path: string): boolean => {
    if (probes.has(path) || !inClearText(request, trustedProxies)) return false;
    // Not over plain HTTP: RFC 6797, section 7.2.
    response.removeHeader('Strict-Transport-Security');
    const { authorization, cookie } = request.headers;
    const harmless = request.method === 'GET' || request.method === 'HEAD';
    if (!harmless || authorization !== undefined || cookie !== undefined) {
      throw new AppError('forbidden', 'This server is spoken to by HTTPS alone', {
        hint: `Use ${publicUrl}${path}. A token that was sent in clear text should be revoked.`,
      });
    }
    // PUBLIC_URL and never Host: the caller does not choose where it is sent.
    response.writeHead(308, { Location: `${publicUrl}${request.url}` }).end();
    return true;
  };
}
export type HttpsOnly = ReturnType<typeof createHttpsOnly>;

/** Each proxy appends, or the nearest one overwrites: of the entries of ours the first is what the client spoke. */
function inClearText(request: IncomingMessage, trustedProxies: number): boolean {
  const entries = (request.headersDistinct['x-forwarded-proto'] ?? []).join(',').split(',');
  return entries.slice(-trustedProxies)[0]?.trim().toLowerCase() === 'http';
}
