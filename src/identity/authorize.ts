import { AppError } from '../core/errors.ts';
import type { Permission, Principal } from '../core/principal.ts';

/** Throws `insufficient_scope` unless the principal holds the permission. Which rows it may see is another question. */
export function authorize(principal: Principal, permission: Permission): void {
  if (principal.permissions.has(permission)) return;
  throw new AppError('insufficient_scope', `This needs the permission ${permission}`, {
    hint: `Ask for a token with the scope ${permission}, from a role that includes it.`,
  });
}
