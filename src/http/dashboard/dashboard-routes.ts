import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { askerOf, type Note } from '../../core/observation.ts';
import type { Principal } from '../../core/principal.ts';
import { type Authenticate, allValues, bearerToken, type ChallengeOptions, challenge } from '../authenticate.ts';
import { plainRefusal, sendRefusal } from '../error-response.ts';
import { peerOf } from '../mcp-route.ts';
import { readJsonBody } from '../request-body.ts';
import type { Handler } from '../routes.ts';
import { pagePolicy } from './page-policy.ts';
import type { SameOrigin } from './same-origin.ts';
import type { SessionCookie } from './session-cookie.ts';

export interface ViewRequest {
  readonly principal: Principal;
  readonly requestId: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

export interface ViewAnswer {
  readonly status: number;
  /** Of an object. */
  readonly json: string;
}

/** The dashboard's parts by name, such as `business`. Each refuses callers who may not see it. */
export interface DashboardViews {
  readonly views: Readonly<Record<string, (request: ViewRequest) => Promise<ViewAnswer>>>;
  /** Which of them this caller may see; throws `insufficient_scope` where it is none. */
  visibleTo(request: Omit<ViewRequest, 'query'>): Promise<readonly string[]>;
}

export interface DashboardRoutesOptions extends DashboardViews {
  readonly authenticate: Authenticate;
  readonly tenantHeader: string;
  readonly challenge: ChallengeOptions;
  readonly trustedProxies: number;
  readonly session: SessionCookie;
  readonly sameOrigin: SameOrigin;
  /** One HTML file without anybody's data: it asks for them. */
  readonly page: () => Promise<string>;
  readonly clock: Clock;
  readonly note: Note;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly peer: string | undefined;
  readonly signal: AbortSignal;
  /** Throws what refuses the caller. */
  principal(token?: string): Promise<Principal>;
}

type Answering = (exchange: Exchange) => Promise<void>;

/** Paths under /dashboard, each behind the same walls as /mcp: a bearer token, or the session cookie that one was sealed into. */
export function createDashboardRoutes(options: DashboardRoutesOptions): Record<string, Record<string, Handler>> {
  const { session, sameOrigin, views, visibleTo, clock, note } = options;

  const json = (response: ServerResponse, status: number, body: string) => {
    response.setHeader('Content-Type', 'application/json');
    response.statusCode = status;
    response.end(body);
  };
  const logIn: Answering = async ({ request, response, requestId, peer, signal, principal }) => {
    sameOrigin.ofChange(request);
    const token = tokenOf(await readJsonBody(request));
    const caller = await principal(token);
    const visible = await visibleTo({ principal: caller, requestId, signal });
    response.setHeader('Set-Cookie', session.issue(token, clock.now()));
    note({ kind: 'session_opened', requestId, ...askerOf(caller), ...(peer !== undefined && { peer }) });
    json(response, 200, JSON.stringify({ views: visible }));
  };
  // Asks for nothing: whoever cannot be told apart any more must still be able to leave.
  const logOut: Answering = async ({ request, response, requestId, peer }) => {
    sameOrigin.ofChange(request);
    const subject = session.subjectIn(request);
    if (subject !== undefined) note({ kind: 'session_closed', requestId, subject, ...(peer !== undefined && { peer }) });
    response.setHeader('Set-Cookie', session.cleared);
    response.writeHead(204).end();
  };
  const show =
    (view: (request: ViewRequest) => Promise<ViewAnswer>): Answering =>
    async ({ request, response, requestId, signal, principal }) => {
      const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
      const answer = await view({ principal: await principal(), requestId, query, signal });
      json(response, answer.status, answer.json);
    };
  const shell: Answering = async ({ response, requestId, signal, principal }) => {
    await visibleTo({ principal: await principal(), requestId, signal });
    const html = await options.page();
    response.setHeader('Content-Security-Policy', pagePolicy(html));
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(html);
  };

  const handled = createHandler(options);
  const parts = Object.entries(views).map(([name, view]) => [`/dashboard/${name}`, { GET: handled(show(view)) }] as const);
  return {
    '/dashboard': { GET: handled(shell, options.page) },
    '/dashboard/session': { POST: handled(logIn), DELETE: handled(logOut) },
    ...Object.fromEntries(parts),
  };
}

function tokenOf(body: unknown): string {
  const token: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'token') : undefined;
  if (typeof token === 'string' && token.trim() !== '') return token.trim();
  throw new AppError('invalid_input', 'The body has no token', { hint: 'Send {"token": "<access token>"}.' });
}

/** Who asks, and how a refusal is noted and sent, once for all of them. `page`: a person is shown it in place of a JSON body. */
function createHandler(options: DashboardRoutesOptions) {
  const { authenticate, tenantHeader, trustedProxies, session, sameOrigin, note } = options;
  return (answer: Answering, page?: () => Promise<string>): Handler =>
    async (request, response, requestId) => {
      const gone = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) gone.abort();
      });
      const peer = peerOf(request, trustedProxies);
      let known: Principal | undefined;
      let noted = false;
      const principal = async (given?: string): Promise<Principal> => {
        const token = given ?? tokenIn(request);
        noted = true;
        known = await authenticate({ token, tenantHeader: allValues(request, tenantHeader), peer, requestId });
        noted = false;
        return known;
      };
      try {
        await answer({ request, response, requestId, peer, signal: gone.signal, principal });
      } catch (error) {
        if (gone.signal.aborted) return;
        const refusal = plainRefusal(error, requestId);
        const asked = challenge(error, request.headers.authorization !== undefined, options.challenge);
        if (asked !== undefined) response.setHeader('WWW-Authenticate', asked);
        const html = page && (await page());
        if (html !== undefined) response.setHeader('Content-Security-Policy', pagePolicy(html));
        const asker = known && askerOf(known);
        const shown = html === undefined ? {} : { refusal: { ...refusal, body: html }, contentType: 'text/html; charset=utf-8' };
        sendRefusal({ request, response, refusal, error, requestId, peer, asker, noted, ...shown }, note);
      }
    };

  function tokenIn(request: IncomingMessage): string {
    const kept = request.headers.authorization === undefined ? session.tokenIn(request) : undefined;
    if (kept === undefined) return bearerToken(request);
    sameOrigin.ofReading(request);
    return kept;
  }
}
