import { AppError } from './errors.ts';
import type { Permission } from './principal.ts';

/** Carries the scopes that a new token needs, for the challenge of RFC 6750, section 3. */
export class InsufficientScopeError extends AppError {
  readonly scopes: readonly Permission[];

  constructor(scopes: readonly Permission[], refusal: AppError) {
    super('insufficient_scope', refusal.message, refusal.hint === undefined ? {} : { hint: refusal.hint });
    this.scopes = scopes;
  }
}
