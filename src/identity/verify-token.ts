import { hash } from 'node:crypto';
import { errors, type JWTVerifyGetKey, type JWTVerifyResult, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { type KeySource, signatureAlgorithm } from './key-source.ts';
import { notAccepted, parseClaims, type VerifiedClaims } from './verified-claims.ts';

export interface TokenVerifierOptions {
  readonly issuer: string;
  /** A token must be meant for one of these. */
  readonly audiences: readonly string[];
  readonly keys: KeySource;
  readonly clock: Clock;
  /** Claim with a single tenant key, beside the list of them. */
  readonly tenantKeyClaim: string;
}

const maxTokenLength = 8 * 1024;
const clockSkewSeconds = 60;
const maxRememberedTokens = 10_000;

/**
 * Verifies bearer tokens: signed JWTs (RFC 7519, RFC 8725, RFC 9068). The algorithm is fixed before a key is looked up, and
 * keys or addresses of keys inside a token are not looked at. A verified token is remembered by its digest until it expires:
 * ask for revocation after every call, not here.
 */
export function createTokenVerifier(options: TokenVerifierOptions) {
  const remembered = new LRUCache<string, VerifiedClaims>({ max: maxRememberedTokens });
  const { clock } = options;
  return {
    async verify(token: string): Promise<VerifiedClaims> {
      if (token.length > maxTokenLength) throw notAccepted('it is larger than 8 KiB');
      const digest = hash('sha256', token, 'base64');
      const known = remembered.get(digest);
      if (known !== undefined && clock.now() < known.expiresAt * 1000) return known;
      const claims = await verifyAnew(token, options);
      remembered.set(digest, claims);
      return claims;
    },
  };
}
export type TokenVerifier = ReturnType<typeof createTokenVerifier>;

async function verifyAnew(token: string, options: TokenVerifierOptions): Promise<VerifiedClaims> {
  const { protectedHeader, payload } = await verifySignature(token, options);
  if (!isAccessTokenType(protectedHeader.typ)) throw notAccepted('its type is neither JWT nor at+jwt');
  const claims = parseClaims(payload, options.tenantKeyClaim);
  if (claims.issuedAt > options.clock.now() / 1000 + clockSkewSeconds) throw notAccepted('it was issued in the future');
  return claims;
}

async function verifySignature(
  token: string,
  { issuer, audiences, keys, clock }: TokenVerifierOptions,
): Promise<JWTVerifyResult> {
  const keyFor: JWTVerifyGetKey = (header) => keys.keyFor(header);
  try {
    return await jwtVerify(token, keyFor, {
      algorithms: [signatureAlgorithm],
      issuer,
      audience: [...audiences],
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(clock.now()),
    });
  } catch (error) {
    throw error instanceof errors.JOSEError ? notAccepted(reasonOf(error), error) : error;
  }
}

/** Claims are named only after the signature was found good, so nothing is told to somebody who guesses. */
function reasonOf(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `its claim "${error.claim}" is missing or not right for this server`;
  return 'it is not a token that this server trusts';
}

/** An absent type is allowed (RFC 7519, section 5.1); tokens made for another purpose carry theirs (RFC 8725, section 3.11). */
function isAccessTokenType(type: string | undefined): boolean {
  return type === undefined || (typeof type === 'string' && /^(application\/)?(jwt|at\+jwt)$/i.test(type));
}
