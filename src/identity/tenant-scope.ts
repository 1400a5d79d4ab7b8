import { AppError } from '../core/errors.ts';
import type { Permission, Principal, Tenant } from '../core/principal.ts';
import type { CallerRole, SchemaDefinition } from '../core/schema-definition.ts';
import type { VerifiedClaims } from './verified-claims.ts';
import { claimNames, everyTenantKey, scopeHeader, tenantKeyShape } from './wire-names.ts';

export type AccessRules = Pick<SchemaDefinition, 'callerRoles' | 'permissions'>;

/** Something a token named that means nothing here. It granted nothing; the audit trail wants to know. */
export interface IgnoredClaim {
  readonly claim: string;
  readonly value: string;
}

export interface ResolvedPrincipal {
  readonly principal: Principal;
  readonly ignored: readonly IgnoredClaim[];
}

export interface TenantScopeOptions {
  readonly claims: VerifiedClaims;
  /** Every value of the narrowing header as it was sent; none when it was not sent. */
  readonly header: readonly string[];
  readonly directory: readonly Tenant[];
  readonly rules: AccessRules;
}

/** From what a token says to what its bearer may see and do. Throws `forbidden` when the header asks for more than that. */
export function resolvePrincipal({ claims, header, directory, rules }: TenantScopeOptions): ResolvedPrincipal {
  const tenantKeys = claims.tenantKeys.map((key) => key.toLowerCase());
  const roles = rules.callerRoles.filter((role) => claims.roles.includes(role.name));
  const principal: Principal = {
    subject: claims.subject,
    roles: roles.map((role) => role.name),
    permissions: grantedPermissions(claims, roles, rules.permissions),
    tenants: grantedTenants(roles, { tenantKeys, groups: claims.groups }, directory),
  };
  const seesEverything = roles.some((role) => role.scope === 'all');
  return {
    principal: narrow(principal, header, seesEverything),
    ignored: [
      ...unknown(claimNames.roles, claims.roles, rules.callerRoles, ({ name }) => name),
      ...unknown(claimNames.permissions, claims.permissions, rules.permissions, (name) => name),
      ...unknown(claimNames.tenantKeys, tenantKeys, directory, ({ key }) => key),
      ...unknown(claimNames.groups, claims.groups, directory, ({ group }) => group),
    ],
  };
}

/** Roles and the token's own permissions add up; a scope that we know takes away all that it does not name. */
function grantedPermissions(
  claims: VerifiedClaims,
  roles: readonly CallerRole[],
  known: readonly Permission[],
): ReadonlySet<Permission> {
  const named = new Set([...roles.flatMap((role) => role.permissions), ...claims.permissions]);
  const scopes = claims.scopes.filter((scope) => known.includes(scope));
  return new Set(known.filter((name) => named.has(name) && (scopes.length === 0 || scopes.includes(name))));
}

export interface TenantGrants {
  readonly tenantKeys: readonly string[];
  readonly groups: readonly string[];
}

/** The union over the roles, by ascending id. A role uses only the kind of grant that its definition names. */
export function grantedTenants(roles: readonly CallerRole[], grants: TenantGrants, directory: readonly Tenant[]): Tenant[] {
  const covers: Record<CallerRole['scope'], (tenant: Tenant) => boolean> = {
    all: () => true,
    groups: (tenant) => grants.groups.includes(tenant.group),
    tenants: (tenant) => grants.tenantKeys.includes(tenant.key),
  };
  return directory.filter((tenant) => roles.some((role) => covers[role.scope](tenant))).sort((a, b) => a.id - b.id);
}

function narrow(principal: Principal, header: readonly string[], seesEverything: boolean): Principal {
  const [value] = header;
  if (value === undefined) return principal;
  if (header.length > 1) throw refused('was sent more than once', 'Send it once.');
  if (!tenantKeyShape.test(value)) throw refused('is not one tenant key', 'Send 8-4-4-4-12 hexadecimal digits, or leave it out.');
  const key = value.toLowerCase();
  if (key === everyTenantKey && seesEverything) return principal;
  const tenants = principal.tenants.filter((tenant) => tenant.key === key);
  // One message for unknown and for foreign tenants: which keys exist is nobody's business.
  if (tenants.length === 0) throw refused('names a tenant outside your scope', 'Leave it out to use all that you may see.');
  return { ...principal, tenants };
}

function refused(what: string, hint: string): AppError {
  return new AppError('forbidden', `The ${scopeHeader} header ${what}`, { hint });
}

function unknown<T>(claim: string, values: readonly string[], known: readonly T[], nameOf: (item: T) => string): IgnoredClaim[] {
  const names = new Set(known.map(nameOf));
  return [...new Set(values)].filter((value) => !names.has(value)).map((value) => ({ claim, value }));
}
