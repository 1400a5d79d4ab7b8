import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openNamedSession, openSession, scopeKey, secretStore, sharedRedis, trustedIssuer } from '../../src/app/adapters.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import { newFolder, removeFolder } from '../e2e/product.ts';

const configOf = (env: Record<string, string>) => loadConfig({ serving: 'nothing' }, env);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the key that signs tenant scopes', () => {
  test('is the secret of the given name', async () => {
    vi.stubEnv('MY_SCOPE_KEY', `k1:${randomBytes(32).toString('base64')}`);
    expect(await scopeKey(configOf({ SCOPE_SIGNING_KEY_SECRET_NAME: 'MY_SCOPE_KEY' }))).toMatchObject({ kid: 'k1' });
  });

  test('is made once on a development machine', async () => {
    const DATA_DIR = await newFolder();
    const first = await scopeKey(configOf({ DATA_DIR }));
    expect(await scopeKey(configOf({ DATA_DIR }))).toEqual(first);
    await removeFolder(DATA_DIR);
  });

  test('is never made up in production', async () => {
    await expect(scopeKey(configOf({ ENVIRONMENT: 'production' }))).rejects.toMatchObject({
      code: 'misconfigured',
      hint: expect.stringContaining('SCOPE_SIGNING_KEY_SECRET_NAME'),
    });
  });
});

test('secrets come from the environment first', async () => {
  vi.stubEnv('SOME_SECRET', 'value');
  expect(await secretStore().get('SOME_SECRET')).toBe('value');
});

describe('a session for commands', () => {
  test.each([
    ['postgresOwnerUrl', 'POSTGRES_OWNER_URL'],
    ['postgresOperatorUrl', 'POSTGRES_OPERATOR_URL'],
  ] as const)('of %s needs %s', (setting, name) => {
    expect(() => openNamedSession(configOf({}), setting)).toThrow(`This command needs ${name}`);
  });

  test('names the place and the login that cannot be had, never the password', async () => {
    const failing = openSession(configOf({}), 'postgresql://someone:hunter2@127.0.0.1:9/shop?sslmode=disable');
    await expect(failing).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await expect(failing).rejects.toThrow(/^Cannot connect to 127\.0\.0\.1:9\/shop as someone$/);
  });
});

test('without an issuer nobody is trusted, and without a Redis none is opened', async () => {
  const config = configOf({ DEV_ISSUER: 'false' });
  expect(await trustedIssuer(config, systemClock, () => {})).toBeUndefined();
  expect(await sharedRedis(config, () => {})).toBeUndefined();
});
