import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { claimNames } from './wire-names.ts';

/** What a token says, proven by its signature. Nothing here is resolved against roles or tenants yet. */
export interface VerifiedClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly tokenId: string | undefined;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly scopes: readonly string[];
  readonly tenantKeys: readonly string[];
  readonly groups: readonly string[];
}

const strings = z.array(z.string());
const instant = z.number();

/** Strict: a claim of another shape is refused, never coerced. Claims that mean nothing here are let through unseen. */
const claimShapes = z.object({
  iss: z.string(),
  sub: z.string().min(1),
  iat: instant,
  exp: instant,
  [claimNames.tokenId]: z.string().optional(),
  [claimNames.roles]: strings.default([]),
  [claimNames.permissions]: strings.default([]),
  [claimNames.tenantKeys]: strings.default([]),
  [claimNames.groups]: strings.default([]),
  [claimNames.scope]: z.string().default(''),
  [claimNames.scp]: z.union([z.string(), strings]).default([]),
});

/** `tenantKeyClaim` names a claim with one more tenant key. */
export function parseClaims(payload: Readonly<Record<string, unknown>>, tenantKeyClaim: string): VerifiedClaims {
  refuseVariants(payload, [...Object.values(claimNames), tenantKeyClaim]);
  const parsed = claimShapes.safeParse(payload);
  if (!parsed.success) throw wrongShape(String(parsed.error.issues[0]?.path[0]), parsed.error);
  const claims = parsed.data;
  return {
    issuer: claims.iss,
    subject: claims.sub,
    tokenId: claims[claimNames.tokenId],
    issuedAt: claims.iat,
    expiresAt: claims.exp,
    roles: claims[claimNames.roles],
    permissions: claims[claimNames.permissions],
    scopes: [claims[claimNames.scope], claims[claimNames.scp]].flatMap(words),
    tenantKeys: [...claims[claimNames.tenantKeys], ...singleKey(payload, tenantKeyClaim)],
    groups: claims[claimNames.groups],
  };
}

function singleKey(payload: Readonly<Record<string, unknown>>, claim: string): readonly string[] {
  const parsed = z.string().optional().safeParse(payload[claim]);
  if (!parsed.success) throw wrongShape(claim, parsed.error);
  return parsed.data === undefined ? [] : [parsed.data];
}

/** `scope` is one string of words (RFC 8693, section 4.2); issuers also send a list as `scp`. */
function words(scope: string | readonly string[]): readonly string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((word) => word !== '') : scope;
}

/** `Roles` in place of `roles` would otherwise silently count as no roles at all. */
function refuseVariants(payload: object, names: readonly string[]): void {
  for (const claim of Object.keys(payload)) {
    const meant = names.find((name) => name.toLowerCase() === claim.toLowerCase());
    if (meant !== undefined && !names.includes(claim)) throw notAccepted(`it says "${claim}" where "${meant}" is meant`);
  }
}

function wrongShape(claim: string, cause: unknown): AppError {
  return notAccepted(`its claim "${claim}" has the wrong shape`, cause);
}

export function notAccepted(reason: string, cause?: unknown): AppError {
  return new AppError('unauthenticated', `The access token is not accepted: ${reason}`, { hint: 'Obtain a new token.', cause });
}
