import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createAzureKeyVaultStore } from '../../src/vault/azure-key-vault.ts';
import { createCachedSecrets } from '../../src/vault/cached-secrets.ts';
import { createEnvSecretStore } from '../../src/vault/env-secrets.ts';
import { createFileSecretStore } from '../../src/vault/file-secrets.ts';
import { firstOf, type SecretStore } from '../../src/vault/secret-store.ts';
import { startKeyVaultStandIn } from './key-vault-stand-in.ts';

const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
afterAll(() => rm(folder, { recursive: true }));

const environment = (values: Record<string, string>) => createEnvSecretStore((name) => values[name]);

async function files(values: Record<string, string>): Promise<SecretStore> {
  const directory = await mkdtemp(join(folder, 'mounted-'));
  for (const [name, value] of Object.entries(values)) await writeFile(join(directory, name), value);
  return createFileSecretStore(directory);
}

/** The real client against a stand-in on loopback. */
async function keyVault(values: Record<string, string>): Promise<SecretStore> {
  const vault = await startKeyVaultStandIn(values);
  afterAll(() => vault.close());
  const identity = { tenantId: 'tenant', clientId: 'client', clientSecret: vault.state.secret, managedIdentity: false };
  return createAzureKeyVaultStore({ url: vault.url, identity, endpoint: { authorityHost: vault.url, ca: vault.ca } });
}

const cached = (values: Record<string, string>) => createCachedSecrets({ store: environment(values), onFailure: () => {} });

describe.each<[string, (values: Record<string, string>) => SecretStore | Promise<SecretStore>]>([
  ['environment', environment],
  ['files', files],
  ['Key Vault (a stand-in)', keyVault],
  ['a cache', cached],
  ['one store after the other', async (values) => firstOf(environment({}), await files(values))],
])('secrets from %s', (_name, storeOf) => {
  test('are found by name', async () => {
    const store = await storeOf({ 'scope-key': 'k1:abc', other: 'x' });
    expect(await store.get('scope-key')).toBe('k1:abc');
  });

  test('are undefined when absent', async () => {
    expect(await (await storeOf({ other: 'x' })).get('scope-key')).toBeUndefined();
  });
});

test('a vault name is found under the name that a shell allows', async () => {
  expect(await environment({ SCOPE_KEY: 'k1:abc' }).get('scope-key')).toBe('k1:abc');
});

test('the first store that has the secret answers', async () => {
  expect(await firstOf(environment({ key: 'first' }), environment({ key: 'second' })).get('key')).toBe('first');
});

test.each([
  ['k1:abc\n', 'k1:abc'],
  ['k1:abc\r\n', 'k1:abc'],
  ['two\n\n', 'two\n'],
  [' blank ', ' blank '],
])('a file loses its last line break and nothing else', async (written, read) => {
  expect(await (await files({ key: written })).get('key')).toBe(read);
});

test.each(['../key', '/etc/passwd', '..', '.hidden', 'a/b', 'a\\b', ''])('"%s" cannot be the name of a file', async (name) => {
  await expect((await files({})).get(name)).rejects.toMatchObject({ code: 'misconfigured' });
});

test('a secret that cannot be read is named', async () => {
  const directory = await mkdtemp(join(folder, 'odd-'));
  await mkdir(join(directory, 'key'));
  await expect(createFileSecretStore(directory).get('key')).rejects.toMatchObject({
    code: 'misconfigured',
    message: `The secret key in ${directory} cannot be read`,
  });
});
