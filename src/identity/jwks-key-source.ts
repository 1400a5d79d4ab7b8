import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { fetchIssuerDocument, type IssuerDocumentOptions, issuerAddress } from './issuer-document.ts';
import { type KeySource, signatureAlgorithm } from './key-source.ts';

export interface JwksKeySourceOptions extends IssuerDocumentOptions {
  /** The address of the key set, or how to find it, asked before each fetch. */
  readonly address: string | (() => Promise<string>);
  readonly clock: Clock;
  readonly note: Note;
}

const maxAgeMs = 3_600_000;
/** An issuer that cannot be reached: its last known keys stay good for this long after they were fetched. */
const maxAgeInOutageMs = 24 * 3_600_000;
/** At most one fetch in this time, whatever key ids strangers make up. */
const refetchPauseMs = 60_000;
/** After a failed fetch with no key at hand, when every call would have to be refused. */
const retryPauseMs = 5000;
const leastModulusBytes = 256; // 2048 bits: RFC 7518, section 3.3

interface KnownKeys {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly fetchedAt: number;
}

/** The keys an issuer publishes (RFC 7517), followed through its rotations. */
export function createJwksKeySource(options: JwksKeySourceOptions): KeySource {
  const { address, clock, note } = options;
  // Told at the start, not at the first call.
  if (typeof address === 'string') issuerAddress(address, options);
  let known: KnownKeys | undefined;
  let lastAttempt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  const load = async () => {
    lastAttempt = clock.monotonic();
    try {
      const url = issuerAddress(typeof address === 'string' ? address : await address(), options);
      const keys = usableKeys(await fetchIssuerDocument(url, options));
      known = { find: createLocalJWKSet(keys), fetchedAt: clock.monotonic() };
    } catch (error) {
      note({ kind: 'fault_met', where: 'token keys', error });
    } finally {
      fetching = undefined;
    }
  };
  /** Never fails: the keys are newer afterwards, or they are not. */
  const refresh = async (pauseMs: number) => {
    if (fetching === undefined && clock.monotonic() - lastAttempt < pauseMs) return;
    fetching ??= load();
    await fetching;
  };
  const age = () => (known === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - known.fetchedAt);

  return {
    async keyFor(header) {
      // One algorithm, and by the key id alone: addresses and keys inside the token are not looked at.
      const { kid } = header;
      const wanted = kid === undefined ? { alg: signatureAlgorithm } : { alg: signatureAlgorithm, kid };
      const find = () => {
        if (known === undefined || age() > maxAgeInOutageMs) throw noKeys();
        return known.find(wanted);
      };
      if (age() > maxAgeInOutageMs) await refresh(retryPauseMs);
      else if (age() > maxAgeMs) await refresh(refetchPauseMs);
      try {
        return await find();
      } catch (error) {
        if (!isUnknownKey(error)) throw error;
        const before = known;
        await refresh(refetchPauseMs);
        if (known === before) throw error;
        return find();
      }
    },
  };
}

const isUnknownKey = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ERR_JWKS_NO_MATCHING_KEY';

function noKeys(): AppError {
  return new AppError('dependency_unavailable', 'The keys of the token issuer cannot be had at the moment', {
    hint: 'Try again shortly; the operator sees the cause in the server log.',
    retryAfterMs: retryPauseMs,
  });
}

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(100) });

/** Public RSA keys for RS256 signatures that are strong enough. Others may stand in the same set for other purposes. */
function usableKeys(document: unknown): JSONWebKeySet {
  const parsed = keySet.safeParse(document);
  if (!parsed.success) throw new Error('what the issuer publishes is not a JSON Web Key Set', { cause: parsed.error });
  return { keys: parsed.data.keys.flatMap(publicRsaKey) };
}

function publicRsaKey({ kty, use, alg, kid, n, e, d, key_ops: operations }: Record<string, unknown>): JWK[] {
  const signing = (use === undefined || use === 'sig') && (alg === undefined || alg === signatureAlgorithm);
  const verifying = operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  if (kty !== 'RSA' || !signing || !verifying || d !== undefined || typeof n !== 'string' || typeof e !== 'string') return [];
  if (Buffer.from(n, 'base64url').byteLength < leastModulusBytes) return [];
  return [{ kty, n, e, alg: signatureAlgorithm, use: 'sig', ...(typeof kid === 'string' && { kid }) }];
}
