import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { keyHome, openKeys, openSecrets, rawSecrets, type SecretPlaces, scopeKey } from '../../src/app/secrets.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createEnvelope } from '../../src/vault/envelope.ts';
import { newFolder, removeFolder } from '../e2e/product.ts';
import { startKeyVaultStandIn } from '../vault/key-vault-stand-in.ts';

const base64 = () => randomBytes(32).toString('base64');
const configOf = (env: Record<string, string> = {}) => loadConfig({ serving: 'nothing' }, env);
const names = { SCOPE_SIGNING_KEY_SECRET_NAME: 'scope-key', ENCRYPTION_KEY_SECRET_NAME: 'encryption-key' };
/** A real server, which nobody asks here: only with the embedded database a scope key cannot change while it is used. */
const realServer = { POSTGRES_HOST: '127.0.0.1' };

let vault: Awaited<ReturnType<typeof startKeyVaultStandIn>>;
let DATA_DIR = '';
let mounted = '';
beforeAll(async () => {
  vault = await startKeyVaultStandIn({});
});
beforeEach(async () => {
  Object.assign(vault.state, { status: 0, values: {}, reads: 0 });
  [DATA_DIR, mounted] = [await newFolder(), await newFolder()];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([DATA_DIR, mounted].map(removeFolder));
});
afterAll(() => vault.close());

const azure = () => ({
  AZURE_KEY_VAULT_URL: vault.url,
  AZURE_TENANT_ID: 'tenant',
  AZURE_CLIENT_ID: 'client',
  AZURE_CLIENT_SECRET: 'the client secret',
});
const places = (variables: Record<string, string> = {}): SecretPlaces => ({
  lookup: (name) => variables[name],
  mounted,
  vaultEndpoint: { authorityHost: vault.url, ca: vault.ca },
});
/** What was noted, and all of it as text. */
function notes() {
  const noted: Observation[] = [];
  const text = () =>
    noted.map((one) => JSON.stringify(one, (_key, value) => (value instanceof Error ? told(value) : value))).join('\n');
  return { noted, note: (one: Observation) => void noted.push(one), text };
}
const told = (error: Error) => ({ ...error, message: error.message, stack: error.stack, cause: String(error.cause) });

describe('secrets', () => {
  test('come from the environment, then from mounted files, then from Key Vault', async () => {
    vault.state.values = { 'a-secret': 'of the vault' };
    const ask = (variables: Record<string, string> = {}) => rawSecrets(configOf(azure()), places(variables)).get('a-secret');
    expect(await ask()).toBe('of the vault');
    await writeFile(join(mounted, 'a-secret'), 'of the file\n');
    expect(await ask()).toBe('of the file');
    expect(await ask({ A_SECRET: 'of the environment' })).toBe('of the environment');
  });

  test('are not looked for in a vault that nobody named', async () => {
    vault.state.values = { 'a-secret': 'of the vault' };
    expect(await rawSecrets(configOf(), places()).get('a-secret')).toBeUndefined();
    vi.stubEnv('SOME_SECRET', 'value');
    expect(await rawSecrets(configOf()).get('SOME_SECRET')).toBe('value');
  });

  test('are asked for once, follow a rotation with the next refresh, and outlive an outage that is noted once', async () => {
    vault.state.values = { password: 'first of all' };
    const { noted, note, text } = notes();
    const secrets = openSecrets(configOf(azure()), note, places());
    expect([await secrets.get('password'), await secrets.get('password'), vault.state.reads]).toEqual([
      'first of all',
      'first of all',
      1,
    ]);
    vault.state.values.password = 'second to none';
    await secrets.refresh();
    expect(await secrets.get('password')).toBe('second to none');
    vault.state.status = 503;
    await secrets.refresh();
    await secrets.refresh();
    expect(await secrets.get('password')).toBe('second to none');
    expect(noted).toMatchObject([{ kind: 'fault_met', where: 'secrets', error: { code: 'dependency_unavailable' } }]);
    expect(text()).not.toMatch(/second to none|the client secret/);
    await secrets.close();
  });
});

describe('the key that signs tenant scopes', () => {
  test('is the secret of the given name', async () => {
    vi.stubEnv('MY_SCOPE_KEY', `k1:${base64()}`);
    expect(await scopeKey(configOf({ SCOPE_SIGNING_KEY_SECRET_NAME: 'MY_SCOPE_KEY' }))).toMatchObject({ kid: 'k1' });
  });

  test('is made once on a development machine', async () => {
    const first = await scopeKey(configOf({ DATA_DIR }));
    expect(await scopeKey(configOf({ DATA_DIR }))).toEqual(first);
  });
});

describe('the keys of a serving process', () => {
  const open = async (env: Record<string, string>, refreshMs = 60_000) => {
    const noticed = notes();
    const keys = await openKeys(configOf({ DATA_DIR, ...env }), noticed.note, { ...places(), refreshMs });
    return { keys, ...noticed };
  };

  test('follow a rotation in Key Vault, old values stay readable, and an outage changes nothing', async () => {
    const [scope, encryption] = [base64(), base64()];
    vault.state.values = { 'scope-key': `s1:${scope}`, 'encryption-key': `e1:${encryption}` };
    const { keys, noted, text } = await open({ ...azure(), ...names, ...realServer });
    const envelope = createEnvelope(keys.encryptionKeys);
    const sealed = envelope.seal('a value', { purpose: 'test', tenant: '' });
    expect([keys.scopeKey().kid, keys.encryptionKeys().newestId]).toEqual(['s1', 'e1']);

    vault.state.values = { 'scope-key': `s2:${base64()}`, 'encryption-key': `e2:${base64()} e1:${encryption}` };
    await keys.refresh();
    expect([keys.scopeKey().kid, keys.encryptionKeys().newestId]).toEqual(['s2', 'e2']);
    expect(envelope.open(sealed, { purpose: 'test', tenant: '' }).toString()).toBe('a value');

    vault.state.status = 503;
    await keys.refresh();
    await keys.refresh();
    expect(noted.map(({ kind }) => kind)).toEqual(['fault_met', 'fault_met']);
    vault.state.status = 0;
    vault.state.values['scope-key'] = `s3:${scope.slice(4)}`;
    vault.state.values['encryption-key'] = `e3 ${encryption}`;
    await keys.refresh();
    expect([keys.scopeKey().kid, keys.encryptionKeys().newestId]).toEqual(['s2', 'e2']);
    for (const part of [scope, encryption, 'the client secret']) expect(text()).not.toContain(part.slice(4));
    keys.close();
  });

  test('are asked for by themselves, until they are closed', async () => {
    vault.state.values = { 'scope-key': `s1:${base64()}`, 'encryption-key': `e1:${base64()}` };
    const { keys } = await open({ ...azure(), ...names, ...realServer }, 20);
    vault.state.values['scope-key'] = `s2:${base64()}`;
    await expect.poll(() => keys.scopeKey().kid).toBe('s2');
    keys.close();
    await keys.refresh();
    const { reads } = vault.state;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(vault.state.reads).toBe(reads);
  });

  test('that are not there, or that nobody may read, stop the start', async () => {
    await expect(open({ ...azure(), ...names })).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringMatching(/There is no secret called/),
    });
    vault.state.status = 403;
    await expect(open({ ...azure(), ...names })).rejects.toMatchObject({
      code: 'misconfigured',
      hint: expect.stringMatching(/Key Vault Secrets User/),
    });
  });

  test('are this machine’s own where no secret is named, and one that is gone is noted and not made anew', async () => {
    const { keys, noted } = await open(realServer);
    const [kid, id] = [keys.scopeKey().kid, keys.encryptionKeys().newestId];
    expect((await readdir(join(DATA_DIR, 'keys'))).sort()).toEqual(['encryption.key', 'scope-signing.key']);
    await rm(join(DATA_DIR, 'keys'), { recursive: true });
    await keys.refresh();
    expect([keys.scopeKey().kid, keys.encryptionKeys().newestId]).toEqual([kid, id]);
    expect(noted).toMatchObject([
      { error: { message: expect.stringMatching(/is gone/) } },
      { error: { message: expect.stringMatching(/is gone/) } },
    ]);
    expect(await readdir(DATA_DIR)).toEqual([]);
    keys.close();
  });

  test('follow a rotation of this machine’s own files', async () => {
    const { keys, noted } = await open(realServer);
    for (const purpose of ['scope', 'encryption'] as const) {
      const home = await keyHome(configOf({ DATA_DIR }), purpose);
      if ('replace' in home) await home.replace(`new-${purpose}:${base64()}`);
    }
    await keys.refresh();
    expect([keys.scopeKey().kid, keys.encryptionKeys().newestId, noted]).toEqual(['new-scope', 'new-encryption', []]);
    keys.close();
  });

  test('of an embedded database do not change under it', async () => {
    vault.state.values = { 'scope-key': `s1:${base64()}`, 'encryption-key': `e1:${base64()}` };
    const { keys } = await open({ ...azure(), ...names });
    vault.state.values = { 'scope-key': `s2:${base64()}`, 'encryption-key': `e2:${base64()}` };
    await keys.refresh();
    expect([keys.scopeKey().kid, keys.encryptionKeys().newestId]).toEqual(['s1', 'e2']);
    keys.close();
  });

  test('may be a development key, which stays what it is', async () => {
    const { keys } = await open({ DEV_ENCRYPTION_KEY: `dev:${base64()}` });
    await keys.refresh();
    expect(keys.encryptionKeys().ids).toEqual(['dev']);
    keys.close();
    const secret = randomBytes(16).toString('base64');
    const failure = await open({ DEV_ENCRYPTION_KEY: `dev:${secret}` }).catch((error: Error) => told(error));
    expect(failure).toMatchObject({ code: 'misconfigured', message: expect.stringMatching(/^DEV_ENCRYPTION_KEY/) });
    expect(JSON.stringify(failure)).not.toContain(secret);
  });

  test.each([
    ['SCOPE_SIGNING_KEY_SECRET_NAME', 'ENCRYPTION_KEY_SECRET_NAME'],
    ['ENCRYPTION_KEY_SECRET_NAME', 'SCOPE_SIGNING_KEY_SECRET_NAME'],
  ] as const)('are never made up in production: %s must be set', async (missing, given) => {
    const env = { ENVIRONMENT: 'production', [given]: 'a-key', DATA_DIR };
    const opening = openKeys(configOf(env), () => {}, places({ A_KEY: `k1:${base64()}` }));
    await expect(opening).rejects.toMatchObject({ code: 'misconfigured', hint: expect.stringContaining(missing) });
    expect(await readdir(DATA_DIR)).toEqual([]);
  });
});

describe('where a key is kept', () => {
  const home = (env: Record<string, string>, variables = {}) =>
    keyHome(configOf({ DATA_DIR, ...env }), 'encryption', places(variables));

  test.each([
    ['environment', { ENCRYPTION_KEY: 'x' }],
    ['Key Vault', {}],
  ])('%s', async (kind, variables) => {
    expect(await home({ ...azure(), ...names }, variables)).toMatchObject({ kind, name: 'encryption-key' });
  });

  test('in a mounted file, which hides what is in the vault', async () => {
    vault.state.values = { 'encryption-key': 'y' };
    await writeFile(join(mounted, 'encryption-key'), 'x');
    expect(await home({ ...azure(), ...names })).toEqual({ kind: 'mounted file', name: 'encryption-key' });
  });

  test('in a development variable, or in a file of this machine', async () => {
    expect(await home({ DEV_ENCRYPTION_KEY: 'dev:x' })).toEqual({ kind: 'environment', name: 'DEV_ENCRYPTION_KEY' });
    expect(await home({})).toMatchObject({ kind: 'file', name: join(DATA_DIR, 'keys', 'encryption.key'), text: undefined });
  });

  test('nowhere, and nowhere to put it', async () => {
    await expect(home(names)).rejects.toMatchObject({
      code: 'misconfigured',
      hint: expect.stringContaining('AZURE_KEY_VAULT_URL'),
    });
  });
});
