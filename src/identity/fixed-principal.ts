import { AppError } from '../core/errors.ts';
import type { Principal, Tenant } from '../core/principal.ts';
import { resolveGroupNames, resolveTenantNames } from './tenant-names.ts';
import { type AccessRules, grantedTenants } from './tenant-scope.ts';

export interface FixedPrincipalOptions {
  readonly role: string;
  /** As typed: key, full name or its last word. */
  readonly tenantNames: readonly string[];
  readonly groupNames: readonly string[];
  readonly directory: readonly Tenant[];
  readonly rules: AccessRules;
  readonly subject?: string;
}

/**
 * The caller of a process that serves one local client over stdio, named by flags at its start. Flags grant what a token's
 * claims would grant, and narrow a role that sees more. Throws `forbidden` for flags that mean nothing or grant nothing.
 */
export function fixedPrincipal(options: FixedPrincipalOptions): Principal {
  const { directory, rules, subject = 'local' } = options;
  const role = rules.callerRoles.find((candidate) => candidate.name === options.role);
  if (role === undefined) {
    const hint = `One of: ${rules.callerRoles.map((candidate) => candidate.name).join(', ')}.`;
    throw new AppError('forbidden', `There is no role called "${options.role}"`, { hint });
  }
  const named = resolveTenantNames(directory, options.tenantNames);
  const groups = resolveGroupNames(directory, options.groupNames);
  const granted = grantedTenants([role], { tenantKeys: named.map((tenant) => tenant.key), groups }, directory);
  const inGroups = groups.length === 0 ? granted : granted.filter((tenant) => groups.includes(tenant.group));
  const outside = named.find((tenant) => !inGroups.includes(tenant));
  if (outside !== undefined) throw nothing(`${outside.name} is outside what the other flags give to ${role.name}`);
  const tenants = named.length === 0 ? inGroups : inGroups.filter((tenant) => named.includes(tenant));
  if (tenants.length === 0) throw nothing(`The role ${role.name} sees only what is named`);
  return { subject, roles: [role.name], permissions: new Set(role.permissions), tenants };
}

function nothing(message: string): AppError {
  return new AppError('forbidden', message, {
    hint: 'Name tenants with --store, or groups with --region, that belong to the role.',
  });
}
