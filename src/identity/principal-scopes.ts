import { decodeJwt } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Tenant } from '../core/principal.ts';
import type { OperationsDatabase } from './operations-database.ts';
import { notAccepted, type VerifiedClaims } from './verified-claims.ts';

export interface PrincipalScopesOptions {
  readonly database: OperationsDatabase;
  readonly directory: () => Promise<readonly Tenant[]>;
  readonly clock: Clock;
}

/** Adds what `ops.principal_scopes` grants a verified subject, or a group it is in, to what its token says. */
export type MapPrincipal = (claims: VerifiedClaims, token: string) => Promise<VerifiedClaims>;

interface Grants {
  readonly roles: readonly string[];
  readonly tenantNames: readonly string[];
  readonly groupNames: readonly string[];
}

const freshMs = 60_000;
/** While the database is away, what it last said of a caller counts for this long. */
const maxAgeInOutageMs = 10 * 60_000;
const maxRemembered = 10_000;

/** For issuers whose tokens cannot carry our claims. A caller whom no row names gets nothing from here. */
export function createMapPrincipal({ database, directory, clock }: PrincipalScopesOptions): MapPrincipal {
  const remembered = new LRUCache<string, { readonly grants: Grants; readonly readAt: number }>({ max: maxRemembered });

  const grantsOf = async (issuer: string, names: readonly string[]): Promise<Grants> => {
    const key = JSON.stringify([issuer, ...names]);
    const known = remembered.get(key);
    const age = known === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - known.readAt;
    if (known !== undefined && age < freshMs) return known.grants;
    try {
      const grants = await readGrants(database, issuer, names);
      remembered.set(key, { grants, readAt: clock.monotonic() });
      return grants;
    } catch (error) {
      if (known === undefined || age > maxAgeInOutageMs) throw error;
      return known.grants;
    }
  };
  // The verifier gives the same claims again for a token that it remembers.
  const memberOf = new WeakMap<VerifiedClaims, readonly string[]>();
  return async (claims, token) => {
    const memberships = memberOf.get(claims) ?? readMemberships(token);
    memberOf.set(claims, memberships);
    const { roles, tenantNames, groupNames } = await grantsOf(claims.issuer, [claims.subject, ...memberships]);
    if (roles.length === 0) return claims;
    const keys = new Map((await directory()).map((tenant) => [tenant.name, tenant.key]));
    return {
      ...claims,
      roles: union(claims.roles, roles),
      // A name that no tenant has stays as it is: it grants nothing and is told as ignored.
      tenantKeys: union(
        claims.tenantKeys,
        tenantNames.map((name) => keys.get(name) ?? name),
      ),
      groups: union(claims.groups, groupNames),
    };
  };
}

const union = (some: readonly string[], others: readonly string[]) => [...new Set([...some, ...others])];

const groupsClaim = z.array(z.string()).default([]);

/** Groups of the issuer's directory (not ours), from a token that was verified before. */
function readMemberships(verifiedToken: string): readonly string[] {
  const parsed = groupsClaim.safeParse(decodeJwt(verifiedToken).groups);
  if (!parsed.success) throw notAccepted('its claim "groups" has the wrong shape', parsed.error);
  return parsed.data;
}

const names = z.array(z.string());

async function readGrants(database: OperationsDatabase, issuer: string, subjectAndGroups: readonly string[]): Promise<Grants> {
  const rows = await database.query(
    `SELECT to_json(roles)::text AS roles, to_json(store_names)::text AS tenant_names, to_json(region_names)::text AS group_names
     FROM ops.principal_scopes WHERE issuer = $1 AND subject_or_group = ANY ($2::text[])`,
    [issuer, subjectAndGroups],
  );
  const all = (column: string) =>
    union(
      rows.flatMap((row) => names.parse(JSON.parse(row[column] ?? '[]'))),
      [],
    );
  return { roles: all('roles'), tenantNames: all('tenant_names'), groupNames: all('group_names') };
}
