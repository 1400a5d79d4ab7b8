import { describe, expect, test } from 'vitest';
import { openNamedSession, openSession, sharedRedis, trustedIssuer } from '../../src/app/adapters.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';

const configOf = (env: Record<string, string>) => loadConfig({ serving: 'nothing' }, env);

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
