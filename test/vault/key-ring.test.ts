import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHeadSigner } from '../../src/vault/head-signer.ts';
import {
  addNewestKey,
  createKeyRing,
  datedKeyId,
  keyRingFromSecret,
  localKeyRing,
  parseKeyRing,
} from '../../src/vault/key-ring.ts';
import { createLocalKeys } from '../../src/vault/local-keys.ts';

const base64 = (fill: number, length = 32) => Buffer.alloc(length, fill).toString('base64');

test('one key or several, the newest first', () => {
  expect(parseKeyRing(`k1:${base64(1)}`, 'x')).toMatchObject({ newestId: 'k1', ids: ['k1'] });
  expect(parseKeyRing(` k2:${base64(2)}\nk1:${base64(1)},k0:${base64(0)} \n`, 'x')).toMatchObject({
    newestId: 'k2',
    ids: ['k2', 'k1', 'k0'],
  });
});

test('every use of a key has a key of its own', () => {
  const ring = parseKeyRing(`k2:${base64(2)} k1:${base64(1)}`, 'x');
  const keys = ['k1', 'k2'].flatMap((id) =>
    (['value', 'stream', 'audit-head'] as const).map((use) => Buffer.from(ring.keyFor(id, use) ?? []).toString('hex')),
  );
  expect(new Set(keys).size).toBe(6);
  expect(keys.every((key) => key.length === 64)).toBe(true);
  expect(ring.keyFor('k3', 'value')).toBeUndefined();
});

describe('what cannot encrypt is refused, and never repeated', () => {
  const secret = base64(9, 16);
  test.each([
    ['', 'is empty'],
    ['justtext', 'entry 1 is not of the form kid:base64'],
    [`k1:${base64(1)} k 2:${secret}`, 'entry 2 is not of the form'],
    [`k1:${secret}`, 'the key k1 has 16 bytes where 32 are needed'],
    [`k1:${base64(1)} k1:${base64(2)}`, 'two keys are called k1'],
  ])('%j', (text, message) => {
    const parse = () => parseKeyRing(text, 'DEV_ENCRYPTION_KEY');
    expect(parse).toThrow(expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining(message) }));
    expect(parse).toThrow(/^DEV_ENCRYPTION_KEY/);
    expect(parse).not.toThrow(new RegExp(secret.replaceAll('+', '\\+')));
  });

  test.each([
    [[], 'needs a key'],
    [[{ id: 'a', key: Buffer.alloc(31) }], '31 bytes'],
    [
      [
        { id: 'a', key: Buffer.alloc(32) },
        { id: 'a', key: Buffer.alloc(32) },
      ],
      'two keys',
    ],
  ])('as keys: %#', (keys, message) => expect(() => createKeyRing(keys)).toThrow(message));
});

test('the ring of a secret, and the secret that is not there', async () => {
  const secrets = { get: async (name: string) => (name === 'enc' ? `k1:${base64(1)}` : undefined) };
  expect((await keyRingFromSecret(secrets, 'enc')).newestId).toBe('k1');
  await expect(keyRingFromSecret(secrets, 'gone')).rejects.toMatchObject({
    code: 'misconfigured',
    message: 'There is no secret called gone',
  });
});

test('a rotation puts a key in front and keeps every other', () => {
  let text = '';
  for (let index = 1; index <= 7; index += 1) text = addNewestKey(text, { id: `k${index}`, key: Buffer.alloc(32, index) });
  expect(parseKeyRing(text, 'x').ids).toEqual(['k7', 'k6', 'k5', 'k4', 'k3', 'k2', 'k1']);
});

test('the name of a new key tells the day, and is nobody else’s', () => {
  expect(datedKeyId(Date.UTC(2026, 10, 22))).toMatch(/^k20261122-[0-9a-f]{8}$/);
  expect(datedKeyId(0)).not.toBe(datedKeyId(0));
});

test('this machine’s own ring is made once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'key-ring-'));
  const made = await localKeyRing(createLocalKeys(folder));
  expect(made.newestId).toMatch(/^local-[0-9a-f]{8}$/);
  const again = await localKeyRing(createLocalKeys(folder));
  expect(again.keyFor(made.newestId, 'value')).toEqual(made.keyFor(made.newestId, 'value'));
  await rm(folder, { recursive: true });
});

describe('heads of the audit trail', () => {
  const old = createHeadSigner(parseKeyRing(`k1:${base64(1)}`, 'x'));
  const now = createHeadSigner(parseKeyRing(`k2:${base64(2)} k1:${base64(1)}`, 'x'));

  test('are signed by the newest key and verified by every one', () => {
    expect(now.keyId).toBe('k2');
    expect(now.verify('head', 'k2', now.sign('head'))).toBe(true);
    expect(now.verify('head', 'k1', old.sign('head'))).toBe(true);
    expect(old.verify('head', 'k2', now.sign('head'))).toBe(false);
  });

  test('do not verify with other words, another key or a broken signature', () => {
    expect(now.verify('heads', 'k2', now.sign('head'))).toBe(false);
    expect(now.verify('head', 'k1', now.sign('head'))).toBe(false);
    expect(now.verify('head', 'k2', 'short')).toBe(false);
  });

  test('public keys can be given away', () => {
    expect(now.publicKeys()).toEqual({
      k2: expect.stringContaining('BEGIN PUBLIC KEY'),
      k1: expect.stringContaining('BEGIN PUBLIC KEY'),
    });
  });
});
