import { describe, expect, test } from 'vitest';
import { hashPassword, needsRehash, verifyPassword } from '../../src/vault/password.ts';

const phc = (cost: string, salt: string, hashHex: string) =>
  `$scrypt$${cost}$${Buffer.from(salt).toString('base64').replace(/=+$/, '')}$${Buffer.from(hashHex, 'hex').toString('base64').replace(/=+$/, '')}`;

/** RFC 7914, section 12. */
const vectors = [
  [
    'password',
    phc(
      'ln=10,r=8,p=16',
      'NaCl',
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    ),
  ],
  [
    'pleaseletmein',
    phc(
      'ln=14,r=8,p=1',
      'SodiumChloride',
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    ),
  ],
] as const;

describe('known vectors', () => {
  test.each(vectors)('%s', async (password, stored) => {
    expect(await verifyPassword(password, stored)).toBe(true);
    expect(await verifyPassword(`${password}x`, stored)).toBe(false);
    expect(needsRehash(stored)).toBe(true);
  });
});

test('a password is stored with its cost, salted, and verified', async () => {
  const stored = await hashPassword('correct horse');
  expect(stored).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{43}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword('correct horse', stored)).toBe(true);
  expect(await verifyPassword('Correct horse', stored)).toBe(false);
  expect(needsRehash(stored)).toBe(false);
  expect(await hashPassword('correct horse')).not.toBe(stored);
});

test('the same letters from another keyboard are the same password', async () => {
  const stored = await hashPassword('Ma\u0308rchen');
  expect(await verifyPassword('Märchen', stored)).toBe(true);
});

test.each([
  '',
  'plain',
  '$2b$10$abcdefghijklmnopqrstuv',
  '$scrypt$ln=99,r=8,p=1$c2FsdA$aGFzaA',
  '$scrypt$ln=0,r=8,p=1$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA',
  '$scrypt$ln=17,r=99,p=1$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA',
  '$scrypt$ln=4,r=8,p=1$c2FsdA$aGFzaA',
  '$scrypt$ln=4,r=8,p=1$c2FsdA',
])('%j is no hash that can be trusted', async (stored) => {
  expect(await verifyPassword('x', stored)).toBe(false);
  expect(needsRehash(stored)).toBe(true);
});

test('hashing does not hold up the event loop', async () => {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 5);
  await hashPassword('x');
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(3);
});
