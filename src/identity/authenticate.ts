import { AppError } from '../core/errors.ts';
import { askerOf, type Note } from '../core/observation.ts';
import type { Principal, Tenant } from '../core/principal.ts';
import { addressKey } from './client-address.ts';
import type { RecogniseOptions } from './recognise.ts';
import { type AccessRules, type ResolvedPrincipal, resolvePrincipal } from './tenant-scope.ts';
import type { VerifiedClaims } from './verified-claims.ts';
import { tenantKeyShape } from './wire-names.ts';

/** Takes one from somebody's budget, `factor` times as large as usual. Throws `rate_limited`. */
export type TakeFrom = (name: string, factor?: number) => Promise<void>;

export interface AuthenticateOptions extends RecogniseOptions {
  readonly limits: {
    /** Calls of a subject. */
    readonly subject: TakeFrom;
    /** Failed authentications of an address. A good token is never refused for its neighbours' bad ones. */
    readonly failedAuthentication: TakeFrom;
    /** For callers whose role sees every tenant. */
    readonly privilegedFactor: number;
  };
  readonly note: Note;
}

/** What a request says of who sends it. */
export interface Credentials {
  readonly token: string;
  /** Every value of the header that narrows the tenants. */
  readonly tenantHeader: readonly string[];
  readonly peer: string | undefined;
  readonly requestId: string;
}

type Step = 'token' | 'revocation' | 'mapping' | 'rate_limit' | 'scope';

/** From a token to a principal, in one order: token, revocation, the subject's rate limit, narrowing by the tenant header. */
export function createAuthenticate(options: AuthenticateOptions) {
  const { verifier, revocations, mapPrincipal, directory, rules, limits, note } = options;
  const resolveWhole = rememberWhole(rules);

  return async ({ token, tenantHeader, peer, requestId }: Credentials): Promise<Principal> => {
    let step: Step = 'token';
    let subject: string | undefined;
    try {
      const verified = await verifier.verify(token);
      subject = verified.subject;
      step = 'revocation';
      await revocations.check(verified);
      step = 'mapping';
      const claims = mapPrincipal === undefined ? verified : await mapPrincipal(verified, token);
      step = 'rate_limit';
      await limits.subject(subject, seesEverything(claims, rules) ? limits.privilegedFactor : 1);
      step = 'scope';
      const principal = resolve(claims, tenantHeader, await directory(), requestId);
      if (peer !== undefined) note({ kind: 'caller_recognised', requestId, subject, peer });
      return principal;
    } catch (error) {
      const refusal = await afterFailure(error, peer);
      if (refusal instanceof AppError) {
        const { code, message } = refusal;
        const tenantKey = step === 'scope' ? tenantKeyIn(tenantHeader) : undefined;
        const who = { ...(subject && { subject }), ...(peer && { peer }), ...(tenantKey && { tenantKey }) };
        note({ kind: 'access_refused', requestId, step, code, message, ...who });
      }
      throw refusal;
    }
  };

  function resolve(claims: VerifiedClaims, header: readonly string[], tenants: readonly Tenant[], requestId: string): Principal {
    const { principal, ignored } =
      header.length === 0 ? resolveWhole(claims, tenants) : resolvePrincipal({ claims, header, directory: tenants, rules });
    const { subject } = principal;
    if (ignored.length > 0) note({ kind: 'claims_ignored', subject, claims: ignored });
    if (header.length > 0) note({ kind: 'scope_narrowed', requestId, ...askerOf(principal) });
    return principal;
  }

  async function afterFailure(error: unknown, peer: string | undefined): Promise<unknown> {
    if (peer === undefined || !(error instanceof AppError) || error.code !== 'unauthenticated') return error;
    try {
      await limits.failedAuthentication(addressKey(peer));
      return error;
    } catch (limited) {
      return limited;
    }
  }
}

/** Only what has the form of one: a header may hold anything. */
function tenantKeyIn([value = '']: readonly string[]): string | undefined {
  return tenantKeyShape.test(value) ? value.toLowerCase() : undefined;
}

/** The verifier gives the same claims again for a token that it remembers, and the directory the same tenants for a minute. */
function rememberWhole(rules: AccessRules) {
  const known = new WeakMap<VerifiedClaims, { readonly tenants: readonly Tenant[]; readonly resolved: ResolvedPrincipal }>();
  return (claims: VerifiedClaims, tenants: readonly Tenant[]): ResolvedPrincipal => {
    const last = known.get(claims);
    if (last?.tenants === tenants) return last.resolved;
    const resolved = resolvePrincipal({ claims, header: [], directory: tenants, rules });
    known.set(claims, { tenants, resolved });
    return resolved;
  };
}

export function seesEverything(
  { roles }: { readonly roles: readonly string[] },
  { callerRoles }: Pick<AccessRules, 'callerRoles'>,
): boolean {
  return callerRoles.some(({ name, scope }) => scope === 'all' && roles.includes(name));
}
