import { AppError } from '../core/errors.ts';
import { InsufficientScopeError } from '../core/insufficient-scope.ts';
import type { Permission, Principal } from '../core/principal.ts';

/** What may be guarded: a tool, a resource. */
export interface Guarded {
  readonly name: string;
  readonly permission?: Permission;
  readonly needsTenants: boolean;
}

export interface AdmitCallOptions {
  /** Throws `insufficient_scope` when the principal lacks the permission. */
  authorize(principal: Principal, permission: Permission): void;
  /** Throws `rate_limited`. */
  limit?(principal: Principal, called: Guarded): Promise<void>;
}

/** Decides whether a call may start. Over HTTP this happens before dispatch, so that a refusal can still set the status. */
export function createAdmitCall({ authorize, limit }: AdmitCallOptions) {
  const permit = (principal: Principal, permission: Permission) => {
    try {
      authorize(principal, permission);
    } catch (error) {
      if (error instanceof AppError && error.code === 'insufficient_scope') throw new InsufficientScopeError([permission], error);
      throw error;
    }
  };
  return async (principal: Principal, called: Guarded): Promise<void> => {
    if (called.permission !== undefined) permit(principal, called.permission);
    if (called.needsTenants && principal.tenants.length === 0) {
      throw new AppError('forbidden', 'Your token gives access to no tenant, so there is no data to read', {
        hint: 'Ask for a token that names what you may see.',
      });
    }
    await limit?.(principal, called);
  };
}
export type AdmitCall = ReturnType<typeof createAdmitCall>;
