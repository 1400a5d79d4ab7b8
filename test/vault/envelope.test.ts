import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEnvelope, type SealContext } from '../../src/vault/envelope.ts';
import { createKeyRing, type EncryptionKey } from '../../src/vault/key-ring.ts';

const k1: EncryptionKey = { id: 'k1', key: Buffer.alloc(32, 1) };
const k2: EncryptionKey = { id: 'k2', key: Buffer.alloc(32, 2) };
const envelopeOf = (...keys: EncryptionKey[]) => {
  const ring = createKeyRing(keys);
  return createEnvelope(() => ring);
};
const context: SealContext = { purpose: 'cursor', tenant: 'store 1' };
const refusal = expect.objectContaining({ code: 'invalid_input' });

test('whatever is sealed opens again', () => {
  const envelope = envelopeOf(k1);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.string(), (plain, purpose, tenant) => {
      const sealed = envelope.seal(plain, { purpose, tenant });
      expect(sealed).toMatch(/^v1\.k1\.[\w-]{16}\.[\w-]*\.[\w-]{22}$/);
      expect([...envelope.open(sealed, { purpose, tenant })]).toEqual([...plain]);
    }),
  );
});

test('no two sealings are alike', () => {
  const envelope = envelopeOf(k1);
  expect(envelope.seal('x', context)).not.toBe(envelope.seal('x', context));
});

describe('a value does not open', () => {
  const envelope = envelopeOf(k2, k1);
  const sealed = envelope.seal('the plain words', context);

  test.each([...sealed].map((_character, place) => place))('with another character at place %i', (place) => {
    for (const character of 'A_-.zk1') {
      if (sealed[place] === character) continue;
      const changed = sealed.slice(0, place) + character + sealed.slice(place + 1);
      expect(() => envelope.open(changed, context)).toThrow(refusal);
    }
  });

  test('with any bit flipped', () => {
    const parts = sealed.split('.');
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.nat(), fc.nat(7), (part, at, bit) => {
        const bytes = Buffer.from(parts[part] ?? '', 'base64url');
        const index = at % bytes.byteLength;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        const changed = parts.with(part, bytes.toString('base64url')).join('.');
        expect(() => envelope.open(changed, context)).toThrow(refusal);
      }),
    );
  });

  test('in another context, however close', () => {
    for (const other of [
      { ...context, tenant: 'store 2' },
      { ...context, purpose: 'backup' },
      { purpose: 'cursors', tenant: 'tore 1' },
    ]) {
      expect(() => envelope.open(sealed, other)).toThrow(refusal);
    }
  });

  test('under another key of the same name, or a name that is not known', () => {
    expect(() => envelopeOf({ id: 'k2', key: randomBytes(32) }).open(sealed, context)).toThrow(refusal);
    expect(() => envelopeOf(k1).open(sealed, context)).toThrow(refusal);
    expect(() => envelope.open(sealed.replace('v1.k2', 'v1.k1'), context)).toThrow(refusal);
  });

  test.each(['', 'v1', 'v2.k1.a.b.c', `${'x'.repeat(100)}`, `${sealed}.x`, sealed.slice(0, -1), ` ${sealed}`])(
    'as %j',
    (text) => {
      expect(() => envelope.open(text, context)).toThrow(refusal);
    },
  );
});

test('after a rotation the newest key seals, the old one still opens, and rotate() moves a value over', () => {
  const old = envelopeOf(k1).seal('words', context);
  const envelope = envelopeOf(k2, k1);
  expect(envelope.seal('x', context)).toMatch(/^v1\.k2\./);
  expect(envelope.open(old, context).toString()).toBe('words');
  const moved = envelope.rotate(old, context);
  expect(moved).toMatch(/^v1\.k2\./);
  expect(envelopeOf(k2).open(moved, context).toString()).toBe('words');
  expect(envelope.rotate(moved, context)).toBe(moved);
});
