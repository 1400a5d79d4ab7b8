import { AppError } from '../core/errors.ts';
import type { Tenant } from '../core/principal.ts';

/** Tenants by key, full name or the name's last word, in any case, as people type them after `--store`. */
export function resolveTenantNames(directory: readonly Tenant[], names: readonly string[]): Tenant[] {
  return names.map((name) => resolveTenantName(directory, name));
}

function resolveTenantName(directory: readonly Tenant[], name: string): Tenant {
  const wanted = name.trim().toLowerCase();
  const exact = directory.find((tenant) => tenant.key === wanted || tenant.name.toLowerCase() === wanted);
  if (exact !== undefined) return exact;
  const [only, ...others] = directory.filter((tenant) => tenant.name.toLowerCase().split(/\s+/).at(-1) === wanted);
  if (only === undefined) throw noSuch(`There is no tenant called "${name}"`, directory);
  if (others.length > 0) throw noSuch(`"${name}" means more than one tenant`, [only, ...others]);
  return only;
}

/** Names of groups as the directory spells them, from any case, as people type them after `--region`. */
export function resolveGroupNames(directory: readonly Tenant[], names: readonly string[]): string[] {
  const groups = [...new Set(directory.map((tenant) => tenant.group))];
  return names.map((name) => {
    const group = groups.find((candidate) => candidate.toLowerCase() === name.trim().toLowerCase());
    if (group === undefined) throw new AppError('forbidden', `There is no group called "${name}"`, { hint: oneOf(groups) });
    return group;
  });
}

function noSuch(message: string, tenants: readonly Tenant[]): AppError {
  return new AppError('forbidden', message, { hint: oneOf(tenants.map((tenant) => tenant.name)) });
}

function oneOf(names: readonly string[]): string {
  return `One of: ${[...names].sort().join(', ')}.`;
}
