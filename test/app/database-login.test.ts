import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSession } from '../../src/app/adapters.ts';
import { databaseLogin } from '../../src/app/database-login.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createPoolDatabase } from '../../src/postgres/pool-database.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { realServers, type TestDatabase, tiers } from '../support/databases.ts';
import { startIdentityEndpoint } from './identity-endpoint.ts';

const byIdentity = { AZURE_USE_MANAGED_IDENTITY: 'true' };
const configOf = (env: Record<string, string>) => loadConfig({ serving: 'nothing' }, env);
const withoutPassword = { user: 'zava_server', password: undefined };

let endpoint: Awaited<ReturnType<typeof startIdentityEndpoint>>;
beforeAll(async () => {
  endpoint = await startIdentityEndpoint();
  for (const [name, value] of Object.entries(endpoint.env)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await endpoint.close();
});

describe('the login of the server', () => {
  test('keeps a password that is given, with an identity or without', () => {
    const login = { user: 'zava_server', password: 'given' };
    expect(databaseLogin(configOf(byIdentity), login)).toBe(login);
    expect(databaseLogin(configOf({}), withoutPassword)).toBe(withoutPassword);
  });

  test('says what is missing where the host has no identity', async () => {
    endpoint.state.broken = true;
    const { password } = databaseLogin(configOf(byIdentity), withoutPassword);
    await expect((password as () => Promise<string>)()).rejects.toMatchObject({
      code: 'dependency_unavailable',
      message: 'The managed identity gave no token for the database',
    });
    endpoint.state.broken = false;
  });
});

const tier = tiers.find(({ name }) => name === 'PostgreSQL 17');

describe.skipIf(realServers().length === 0)('a pool whose password is a token that expires', () => {
  const role = `zavatest_token_${randomBytes(5).toString('hex')}`;
  let shop: TestDatabase;

  beforeAll(async () => {
    shop = await (tier as NonNullable<typeof tier>).open();
    await admin(`CREATE ROLE ${role} LOGIN; GRANT CONNECT ON DATABASE ${databaseAddress().database} TO ${role}`);
    await rollOver();
  });
  afterAll(async () => {
    await admin(`REVOKE CONNECT ON DATABASE ${databaseAddress().database} FROM ${role}; DROP ROLE ${role}`);
    await shop.close();
  });

  const admin = async (text: string) => {
    await shop.admin.script(text);
  };
  /** The old token is worth nothing from the same moment on: stricter than Azure, where both are good for a while. */
  const rollOver = async () => {
    endpoint.state.token = `token-${randomBytes(600).toString('hex')}`;
    await admin(`ALTER ROLE ${role} PASSWORD '${endpoint.state.token}'`);
  };
  const databaseAddress = () => shop.address as NonNullable<typeof shop.address>;

  /** With one connection for two logins, every change between them is a new login. */
  const openPool = () =>
    createPoolDatabase({
      address: databaseAddress(),
      server: databaseLogin(configOf(byIdentity), { user: role, password: undefined }),
      reader: (suffix) => ({ user: shop.role(suffix), password: shop.password as string }),
      useScopeFunction: retailDefinition.useScopeFunction,
      maxConnections: 1,
    });
  const asStore = { reader: 'reader', text: 'SELECT DISTINCT store_id FROM retail.orders' } as const;
  const limits = { limits: { maxRows: 10, maxBytes: 10_000 }, timeoutMs: 10_000 };

  test('goes on through three rollovers under load, without one failed query', async () => {
    endpoint.state.lifeSeconds = 1;
    const first = endpoint.state.token;
    const pool = await openPool();
    for (let rollover = 1; rollover <= 3; rollover += 1) {
      await rollOver();
      const answers = await Promise.allSettled([
        ...Array.from({ length: 5 }, () => pool.runAsTenant({ ...asStore, ...limits, scopeToken: shop.sign([3]) })),
        ...Array.from({ length: 5 }, () => pool.query('SELECT current_user AS login')),
      ]);
      expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await pool.query('SELECT current_user AS login')).toEqual([{ login: role }]);
    }
    expect(endpoint.state.asked).toBeGreaterThan(3);
    expect([...endpoint.state.resources]).toEqual(['https://ossrdbms-aad.database.windows.net']);
    await pool.close();
    const { host, port, database } = databaseAddress();
    const late = openSession(
      configOf({}),
      `postgresql://${role}:${encodeURIComponent(first)}@${host}:${port}/${database}?sslmode=disable`,
    );
    await expect(late).rejects.toMatchObject({ cause: { code: '28P01' } });
  });

  test('asks once for many connections while the token is good', async () => {
    endpoint.state.lifeSeconds = 3600;
    const before = endpoint.state.asked;
    const pool = await openPool();
    for (let change = 0; change < 3; change += 1) {
      await pool.runAsTenant({ ...asStore, ...limits, scopeToken: shop.sign([3]) });
      await pool.query('SELECT 1 AS one');
    }
    expect(endpoint.state.asked).toBe(before + 1);
    await pool.close();
  });

  test('also opens a session of a command', async () => {
    const { host, port, database } = databaseAddress();
    const url = `postgresql://${role}@${host}:${port}/${database}?sslmode=disable`;
    const session = await openSession(configOf(byIdentity), url);
    expect(await session.query('SELECT current_user AS login')).toEqual([{ login: role }]);
    await session.close();
  });
});
