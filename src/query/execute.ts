import { AppError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { Database, TenantResult } from '../postgres/database.ts';
import type { ScopeSigner } from '../postgres/scope-token.ts';
import type { ApprovedQuery } from './approved-query.ts';

export interface ExecuteOptions {
  readonly database: Database;
  readonly signScope: ScopeSigner;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Runs an approved query in the principal's scope, and believes the answer only if the database verified that very scope. */
export function createExecute({ database, signScope, maxRows, maxBytes, timeoutMs }: ExecuteOptions) {
  return async (query: ApprovedQuery, { tenants }: Pick<Principal, 'tenants'>, signal?: AbortSignal): Promise<TenantResult> => {
    const meant = tenants.map((tenant) => tenant.id).sort((a, b) => a - b);
    if (meant.length === 0) {
      throw new AppError('forbidden', 'No tenant is in your scope, so there is nothing you may query', {
        hint: 'Ask your administrator for a token that names your stores or regions.',
      });
    }
    const result = await database.runAsTenant({
      reader: query.reader.suffix,
      scopeToken: signScope(meant),
      ...(query.bound ?? { text: query.text }),
      ...(query.volatile && { volatile: true }),
      limits: { maxRows, maxBytes },
      timeoutMs,
      share: meant.join(','),
      signal,
    });
    const verified = [...result.verifiedTenantIds].sort((a, b) => a - b);
    if (verified.length !== meant.length || verified.some((id, index) => id !== meant[index])) {
      // Clock skew, a rotated key, an expired token: with the wrong scope "no rows" would be a wrong answer, not an empty one.
      throw new AppError('internal', `The database verified the scope [${verified}] in place of [${meant}]`);
    }
    return result;
  };
}

export type Execute = ReturnType<typeof createExecute>;
