import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';

/** Key that signs tenant scopes; the database holds its padded form in `keys.scope_keys`. */
export interface ScopeSigningKey {
  /** Letters, digits, `-` and `_` only. */
  readonly kid: string;
  /** 32 bytes or more. */
  readonly key: Uint8Array;
}

const lifetimeSeconds = 30;

export interface ScopeSignerOptions {
  /** Asked for every token, so that a rotated key takes effect without a restart. */
  readonly signingKey: () => ScopeSigningKey;
  readonly clock: Clock;
}

/** Makes the proof of scope that one call carries: `v1.<kid>.<expiry>.<nonce>.<ids>.<mac>`. `retail.use_scope` verifies it. */
export function createScopeSigner({ signingKey, clock }: ScopeSignerOptions) {
  return (tenantIds: readonly number[]): string => {
    const { kid, key } = signingKey();
    const expiry = Math.floor(clock.now() / 1000) + lifetimeSeconds;
    const signed = `v1.${kid}.${expiry}.${randomBytes(12).toString('hex')}.${tenantIds.join(',')}`;
    return `${signed}.${createHmac('sha256', key).update(signed).digest('hex')}`;
  };
}

export type ScopeSigner = ReturnType<typeof createScopeSigner>;

const blockSize = 64;

/** HMAC's two padded keys (RFC 2104, section 2), so that the database needs no more than SHA-256. */
export function paddedKeys(key: Uint8Array): { innerPad: Buffer; outerPad: Buffer } {
  if (key.byteLength > blockSize) throw new RangeError(`a scope key has at most ${blockSize} bytes`);
  const block = Buffer.alloc(blockSize);
  block.set(key);
  return { innerPad: block.map((byte) => byte ^ 0x36) as Buffer, outerPad: block.map((byte) => byte ^ 0x5c) as Buffer };
}
