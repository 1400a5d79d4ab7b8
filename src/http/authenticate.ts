import type { IncomingMessage } from 'node:http';
import { AppError } from '../core/errors.ts';
import { InsufficientScopeError } from '../core/insufficient-scope.ts';
import type { Principal } from '../core/principal.ts';

/**
 * Token to principal: signature and claims, revocation, the subject's rate limit, then narrowing by the tenant header,
 * which comes as often as it was sent. Throws `unauthenticated`, `rate_limited`, `forbidden` or `dependency_unavailable`.
 */
export type Authenticate = (token: string, tenantHeader: readonly string[], peer: string | undefined) => Promise<Principal>;

const bearer = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** The token of RFC 6750, section 2.1: in the Authorization header alone, the scheme in any case. */
export function bearerToken(request: IncomingMessage): string {
  const sent = request.headersDistinct.authorization ?? [];
  if (sent.length === 0) throw new AppError('unauthenticated', 'A bearer token is required in the Authorization header');
  const token = sent.length === 1 ? bearer.exec(sent[0] ?? '')?.[1] : undefined;
  if (token === undefined) throw new AppError('unauthenticated', 'The Authorization header is not one bearer token');
  return token;
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
