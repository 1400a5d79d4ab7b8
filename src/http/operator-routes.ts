import { askerOf, type Note } from '../core/observation.ts';
import type { Principal } from '../core/principal.ts';
import { type Authenticate, allValues, bearerToken, type ChallengeOptions, challenge } from './authenticate.ts';
import { plainRefusal, sendRefusal } from './error-response.ts';
import { peerOf } from './mcp-route.ts';
import type { Handler, Routes } from './routes.ts';

export interface OperatorPage {
  readonly contentType: string;
  readonly body: string;
}

export interface OperatorRoutesOptions {
  /** By path. Throws what refuses the request. */
  readonly pages: Readonly<Record<string, (query: URLSearchParams) => Promise<OperatorPage>>>;
  /** Throws `insufficient_scope` for who is no operator. */
  readonly admit: (principal: Principal, page: string) => Promise<void>;
  readonly authenticate: Authenticate;
  readonly tenantHeader: string;
  readonly challenge: ChallengeOptions;
  readonly trustedProxies: number;
  readonly note: Note;
}

/** What operators and their machines read, by GET, behind the walls of /mcp. Nothing of it is a caller's data. */
export function createOperatorRoutes(options: OperatorRoutesOptions): Routes {
  return Object.fromEntries(Object.keys(options.pages).map((path) => [path, { GET: pageHandler(path, options) }]));
}

function pageHandler(path: string, options: OperatorRoutesOptions): Handler {
  const { pages, admit, authenticate, tenantHeader, trustedProxies, note } = options;
  return async (request, response, requestId) => {
    const peer = peerOf(request, trustedProxies);
    let known: Principal | undefined;
    let noted = false;
    try {
      const token = bearerToken(request);
      noted = true;
      known = await authenticate({ token, tenantHeader: allValues(request, tenantHeader), peer, requestId });
      noted = false;
      await admit(known, path);
      const page = await pages[path]?.(new URL(request.url ?? '/', 'http://localhost').searchParams);
      response.setHeader('Content-Type', page?.contentType ?? 'text/plain');
      response.end(page?.body);
    } catch (error) {
      const asked = challenge(error, request.headers.authorization !== undefined, options.challenge);
      if (asked !== undefined) response.setHeader('WWW-Authenticate', asked);
      const asker = known && askerOf(known);
      sendRefusal({ request, response, refusal: plainRefusal(error, requestId), error, requestId, peer, asker, noted }, note);
    }
  };
}
