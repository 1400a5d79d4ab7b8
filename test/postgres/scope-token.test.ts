import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createScopeSigner, paddedKeys } from '../../src/postgres/scope-token.ts';

const key = createHash('sha256').update('k').digest();
const clock = { ...systemClock, now: () => 1_750_000_000_999 };

describe('A scope token', () => {
  test('carries version, key, expiry, nonce, ids and the MAC over all of them', () => {
    const token = createScopeSigner({ signingKey: () => ({ kid: 'a', key }), clock })([1, 3]);
    const [, signed, mac] = /^(v1\.a\.1750000030\.[0-9a-f]{24}\.1,3)\.([0-9a-f]{64})$/.exec(token) ?? [];
    expect(mac).toBe(
      createHmac('sha256', key)
        .update(signed ?? '')
        .digest('hex'),
    );
  });

  test('is never the same twice', () => {
    const sign = createScopeSigner({ signingKey: () => ({ kid: 'a', key }), clock });
    expect(new Set(Array.from({ length: 50 }, () => sign([1]))).size).toBe(50);
  });

  test('is signed by the key of the moment', () => {
    let kid = 'old';
    const sign = createScopeSigner({ signingKey: () => ({ kid, key }), clock });
    expect(sign([1])).toMatch(/^v1\.old\./);
    kid = 'new';
    expect(sign([1])).toMatch(/^v1\.new\./);
  });

  test('a rotated key signs from the next token on', () => {
    const macOf = (token: string, by: Uint8Array) => {
      const [, signed = '', mac] = /^(.*)\.([0-9a-f]{64})$/.exec(token) ?? [];
      return mac === createHmac('sha256', by).update(signed).digest('hex');
    };
    const other = createHash('sha256').update('another').digest();
    let current = key;
    const sign = createScopeSigner({ signingKey: () => ({ kid: 'a', key: current }), clock });
    for (let round = 0; round < 3; round += 1) expect(macOf(sign([1]), key)).toBe(true);
    current = other;
    for (let round = 0; round < 3; round += 1) expect(macOf(sign([1]), other)).toBe(true);
    expect(macOf(sign([1]), key)).toBe(false);
  });

  test('nonces are fresh beyond those that are drawn at once', () => {
    const sign = createScopeSigner({ signingKey: () => ({ kid: 'a', key }), clock });
    expect(new Set(Array.from({ length: 1100 }, () => sign([1]).split('.')[3])).size).toBe(1100);
  });

  test('the padded keys are those of HMAC-SHA256, for every key of up to 64 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.string(), (anyKey, message) => {
        const { innerPad, outerPad } = paddedKeys(anyKey);
        const inner = createHash('sha256').update(innerPad).update(message).digest();
        expect(createHash('sha256').update(outerPad).update(inner).digest('hex')).toBe(
          createHmac('sha256', anyKey).update(message).digest('hex'),
        );
      }),
    );
    expect(paddedKeys(new Uint8Array(64).fill(1)).innerPad).toEqual(Buffer.alloc(64, 1 ^ 0x36));
    expect(() => paddedKeys(new Uint8Array(65))).toThrow(new RangeError('a scope key has at most 64 bytes'));
  });
});
