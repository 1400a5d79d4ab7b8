import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createLocalKeys } from '../../src/vault/local-keys.ts';
import { formatScopeKey, localScopeKey, newScopeKey, parseScopeKey, scopeKeyFromSecret } from '../../src/vault/scope-key.ts';

const folder = await mkdtemp(join(tmpdir(), 'scope-key-'));
afterAll(() => rm(folder, { recursive: true }));

test('a new key has 32 random bytes', () => {
  const [one, two] = [newScopeKey('k1'), newScopeKey('k1')];
  expect(one.key).toHaveLength(32);
  expect(one.key).not.toEqual(two.key);
});

test('a key survives its text form', () => {
  const key = newScopeKey('2026-11_a');
  const read = parseScopeKey(`${formatScopeKey(key)}\n`, 'The secret');
  expect(read.kid).toBe('2026-11_a');
  expect(Buffer.from(read.key)).toEqual(Buffer.from(key.key));
});

describe('a text that is no key is refused without being repeated', () => {
  const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64');
  test.each([
    ['31 bytes', `k1:${bytes(31)}`, 'holds 31 bytes'],
    ['33 bytes', `k1:${bytes(33)}`, 'holds 33 bytes'],
    ['no kid', bytes(32), 'kid:base64'],
    ['an empty kid', `:${bytes(32)}`, 'kid:base64'],
    ['a kid with a dot', `k.1:${bytes(32)}`, 'kid:base64'],
    ['a kid with a separator', `k;1:${bytes(32)}`, 'kid:base64'],
    ['a kid of 65 characters', `${'k'.repeat(65)}:${bytes(32)}`, 'kid:base64'],
    ['no base64', `k1:${'!'.repeat(44)}`, 'kid:base64'],
    ['no bytes', 'k1:', 'kid:base64'],
  ])('%s', (_what, text, told) => {
    const parse = () => parseScopeKey(text, 'The secret x');
    expect(parse).toThrow(expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining(told) }));
    expect(parse).not.toThrow(text);
  });
});

test('the embedded database keeps the key it made', async () => {
  const keys = createLocalKeys(join(folder, 'keys'));
  const made = await localScopeKey(keys);
  expect(made.kid).toMatch(/^local-[0-9a-f]{8}$/);
  expect(await localScopeKey(keys)).toEqual(made);
});

test('a damaged local key is named', async () => {
  const directory = join(folder, 'damaged');
  await localScopeKey(createLocalKeys(directory));
  await writeFile(join(directory, 'scope-signing.key'), 'x');
  await expect(localScopeKey(createLocalKeys(directory))).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('scope-signing.key'),
  });
});

test('a server takes its key from the secret store', async () => {
  const key = newScopeKey('k2');
  const store = { get: async (name: string) => (name === 'scope' ? formatScopeKey(key) : undefined) };
  expect((await scopeKeyFromSecret(store, 'scope')).kid).toBe('k2');
  await expect(scopeKeyFromSecret(store, 'elsewhere')).rejects.toMatchObject({
    code: 'misconfigured',
    message: 'There is no secret called elsewhere',
    hint: expect.stringContaining('SCOPE_SIGNING_KEY_SECRET_NAME'),
  });
});
