import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAzureKeyVaultStore } from '../../src/vault/azure-key-vault.ts';
import { createCachedSecrets } from '../../src/vault/cached-secrets.ts';
import { startKeyVaultStandIn } from './key-vault-stand-in.ts';

let vault: Awaited<ReturnType<typeof startKeyVaultStandIn>>;
beforeAll(async () => {
  vault = await startKeyVaultStandIn({ 'scope-key': 'k1:abc' });
});
beforeEach(() => {
  vault.state.status = 0;
});
afterAll(() => vault.close());

const identity = { tenantId: 'tenant', clientId: 'client', clientSecret: 'the client secret', managedIdentity: false };
const store = (changes: Partial<typeof identity> = {}) =>
  createAzureKeyVaultStore({
    url: vault.url,
    identity: { ...identity, ...changes },
    endpoint: { authorityHost: vault.url, ca: vault.ca },
  });

describe('against a stand-in for Key Vault', () => {
  test('a secret is read with a token of the client credentials', async () => {
    const before = vault.state.tokens;
    expect(await store().get('scope-key')).toBe('k1:abc');
    expect(vault.state.tokens).toBe(before + 1);
  });

  test('one token serves many reads', async () => {
    const one = store();
    await one.get('scope-key');
    const before = vault.state.tokens;
    await one.get('scope-key');
    await one.get('scope-key');
    expect(vault.state.tokens).toBe(before);
  });

  test('a secret that is not there is undefined, and so is a name that no vault can hold', async () => {
    expect(await store().get('absent')).toBeUndefined();
    const { reads } = vault.state;
    expect(await store().get('not_a_vault_name')).toBeUndefined();
    expect(vault.state.reads).toBe(reads);
  });

  test('a new version takes the place of the old', async () => {
    await store().put('rotating', 'k2:def');
    expect(await store().get('rotating')).toBe('k2:def');
  });

  test('a rotated secret reaches a cached reader with the next refresh, and an outage does not', async () => {
    const secrets = createCachedSecrets({ store: store(), onFailure: () => {} });
    await store().put('rotating', 'old');
    expect(await secrets.get('rotating')).toBe('old');
    await store().put('rotating', 'new');
    await secrets.refresh();
    expect(await secrets.get('rotating')).toBe('new');
    vault.state.status = 503;
    await secrets.refresh();
    expect(await secrets.get('rotating')).toBe('new');
    await secrets.close();
  });

  test.each([
    [403, 'misconfigured', 'does not let this server read the secret scope-key'],
    [503, 'dependency_unavailable', 'cannot be asked to read the secret scope-key'],
  ])('%i is an error that names the vault and the secret', async (status, code, message) => {
    vault.state.status = status;
    await expect(store().get('scope-key')).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    await expect(store().put('scope-key', 'x')).rejects.toMatchObject({ code });
  });

  test('a wrong client secret is told, and not repeated', async () => {
    const failure = await store({ clientSecret: 'hunter2' })
      .get('scope-key')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'misconfigured' });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('hunter2');
  });

  test('no identity at all is told', async () => {
    const { tenantId: _none, ...rest } = identity;
    const without = createAzureKeyVaultStore({ url: 'https://127.0.0.1:1', identity: { ...rest, clientSecret: undefined } });
    await expect(without.get('scope-key')).rejects.toMatchObject({
      code: expect.stringMatching(/misconfigured|dependency_unavailable/),
    });
  });
});
