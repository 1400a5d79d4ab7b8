import { createHmac, createSecretKey, type KeyObject, randomFillSync } from 'node:crypto';
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
  const nextNonce = createNonces();
  let bytes: Uint8Array | undefined;
  let prepared: KeyObject | undefined;
  const keyObject = (key: Uint8Array): KeyObject => {
    if (prepared === undefined || bytes !== key) prepared = createSecretKey(key);
    bytes = key;
    return prepared;
  };
  return (tenantIds: readonly number[]): string => {
    const { kid, key } = signingKey();
    const expiry = Math.floor(clock.now() / 1000) + lifetimeSeconds;
    const signed = `v1.${kid}.${expiry}.${nextNonce()}.${tenantIds.join(',')}`;
    return `${signed}.${createHmac('sha256', keyObject(key)).update(signed).digest('hex')}`;
  };
}

/** 12 random bytes each, drawn from the system a few hundred at a time: one by one they would cost more than the signature. */
function createNonces(bytesEach = 12, drawn = 341) {
  const pool = Buffer.alloc(bytesEach * drawn);
  let used = pool.length;
  return (): string => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytesEach;
    return pool.toString('hex', used - bytesEach, used);
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
