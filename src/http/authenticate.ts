import type { IncomingMessage } from 'node:http';
import { AppError } from '../core/errors.ts';
import { InsufficientScopeError } from '../core/insufficient-scope.ts';
import type { Principal } from '../core/principal.ts';

/**
 * Token to principal: signature and claims, revocation, the subject's rate limit, then narrowing by the tenant header,
 * which comes as often as it was sent. Throws `unauthenticated`, `rate_limited`, `forbidden` or `dependency_unavailable`.
 */
export type Authenticate = (credentials: {
  readonly token: string;
  readonly tenantHeader: readonly string[];
  readonly peer: string | undefined;
  readonly requestId: string;
}) => Promise<Principal>;

/** The same caller later on: no limit is taken from, and nothing is noted. Throws as above. */
export type Recognise = (credentials: { readonly token: string; readonly tenantHeader: readonly string[] }) => Promise<Principal>;

const bearer = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** The token of RFC 6750, section 2.1: in the Authorization header alone, the scheme in any case. */
export function bearerToken(request: IncomingMessage): string {
  if (credentialInAddress(request.url ?? '')) {
    throw new AppError('unauthenticated', 'A token in the address is not accepted: addresses are logged on their way', {
      hint: 'Send it in the Authorization header, and have this one revoked.',
    });
  }
  const sent = request.headersDistinct.authorization ?? [];
  if (sent.length === 0) throw new AppError('unauthenticated', 'A bearer token is required in the Authorization header');
  const token = sent.length === 1 ? bearer.exec(sent[0] ?? '')?.[1] : undefined;
  if (token === undefined) throw new AppError('unauthenticated', 'The Authorization header is not one bearer token');
  return token;
}

const credentialNames: ReadonlySet<string> = new Set(['access_token', 'id_token', 'token', 'jwt', 'bearer', 'authorization']);

/** By the name of a parameter, or by the form of a JWT under any name (RFC 6750, section 5.3: no tokens in page URLs). */
function credentialInAddress(address: string): boolean {
  const [, query] = address.split('?', 2);
  if (query === undefined) return false;
  const jwt = /eyJ[\w-]+\.[\w-]+\./;
  return [...new URLSearchParams(query)].some(([name, value]) => credentialNames.has(name.toLowerCase()) || jwt.test(value));
}

/** Every value of a header, comma lists left whole, so that a second one cannot hide. */
export function allValues(request: IncomingMessage, name: string): readonly string[] {
  return request.headersDistinct[name] ?? [];
}

export interface ChallengeOptions {
  readonly metadataUrl: string;
  /** Scopes that a new token should ask for. */
  readonly scopes: readonly string[];
}

/** WWW-Authenticate by RFC 6750, section 3, and RFC 9728, section 5.1. Without a token there is no error to name. */
export function challenge(error: unknown, tokenSent: boolean, { metadataUrl, scopes }: ChallengeOptions): string | undefined {
  const naming = (wanted: readonly string[]) => `resource_metadata="${metadataUrl}", scope="${wanted.join(' ')}"`;
  if (error instanceof InsufficientScopeError) return `Bearer error="insufficient_scope", ${naming(error.scopes)}`;
  if (!(error instanceof AppError) || error.code !== 'unauthenticated') return undefined;
  return tokenSent ? `Bearer error="invalid_token", ${naming(scopes)}` : `Bearer ${naming(scopes)}`;
}
