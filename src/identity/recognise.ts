import type { Principal, Tenant } from '../core/principal.ts';
import type { MapPrincipal } from './principal-scopes.ts';
import type { RevocationList } from './revocation.ts';
import { type AccessRules, resolvePrincipal } from './tenant-scope.ts';
import type { TokenVerifier } from './verify-token.ts';

export interface RecogniseOptions {
  readonly verifier: TokenVerifier;
  readonly revocations: RevocationList;
  /** For issuers that cannot carry our claims. */
  readonly mapPrincipal?: MapPrincipal | undefined;
  readonly directory: () => Promise<readonly Tenant[]>;
  readonly rules: AccessRules;
}

/**
 * Who a caller is by now, for what goes on after its request was authenticated: the same steps, without taking from its budget
 * and without a record. Throws what authentication would throw.
 */
export function createRecognise({ verifier, revocations, mapPrincipal, directory, rules }: RecogniseOptions) {
  return async ({
    token,
    tenantHeader,
  }: {
    readonly token: string;
    readonly tenantHeader: readonly string[];
  }): Promise<Principal> => {
    const verified = await verifier.verify(token);
    await revocations.check(verified);
    const claims = mapPrincipal === undefined ? verified : await mapPrincipal(verified, token);
    return resolvePrincipal({ claims, header: tenantHeader, directory: await directory(), rules }).principal;
  };
}
