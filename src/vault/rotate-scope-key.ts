import { datedKeyId } from './key-ring.ts';
import { formatScopeKey, newScopeKey, type ScopeKey } from './scope-key.ts';

export interface RotateScopeKeyOptions {
  /** Makes the database accept tokens of this key, beside the present one. */
  readonly install: (key: ScopeKey) => Promise<void>;
  /** Puts the text where the servers read their key. */
  readonly store: (text: string) => Promise<void>;
  /** Makes the database refuse every other signing key after this time. */
  readonly retireOthers: (kid: string, afterMs: number) => Promise<void>;
  readonly nowMs: number;
  readonly overlapMs?: number;
}

/**
 * A new key for signing tenant scopes, without a failing call: the database knows the key before a server signs with it, and
 * knows the old one until every server has the new one (asked for every 30 s) and the last old token (30 s) has ended. A
 * failure on the way leaves the old key in force.
 */
export async function rotateScopeKey({ install, store, retireOthers, nowMs, overlapMs = 120_000 }: RotateScopeKeyOptions) {
  const key = newScopeKey(datedKeyId(nowMs));
  await install(key);
  await store(formatScopeKey(key));
  await retireOthers(key.kid, overlapMs);
  return { kid: key.kid, overlapMs };
}
