import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { quoteLiteral } from '../../src/core/sql-literal.ts';
import { bootstrap, installKeys, quoteIdentifier } from '../../src/postgres/bootstrap.ts';
import type { ServerAddress } from '../../src/postgres/connection-settings.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { migrate, readMigrations } from '../../src/postgres/migrate.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { createPoolDatabase } from '../../src/postgres/pool-database.ts';
import { addScopeKey, retireOtherScopeKeys } from '../../src/postgres/scope-keys.ts';
import { createScopeSigner, type ScopeSigningKey } from '../../src/postgres/scope-token.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { type EmptyDatabase, migrationsDirectory, realServers, signingKey, tiers } from '../support/databases.ts';
import { dumpCatalog } from './catalog-dump.ts';
import { limits } from './real-servers.ts';

const awkward = `it's "quoted" \\ and $1 $$ é`;
const suffixes = ['owner', 'server', 'operator', 'reader', 'reader_costs', 'reader_pii', 'reader_costs_pii'];

test('quotes names and texts for PostgreSQL', () => {
  expect(quoteIdentifier('a"b')).toBe('"a""b"');
  expect(quoteLiteral("it's")).toBe("'it''s'");
  expect(quoteLiteral("a\\b'")).toBe("E'a\\\\b'''");
});

describe('On the embedded database', () => {
  let db: EmptyDatabase;
  beforeAll(async () => {
    db = await tiers[0]!.openEmpty();
  });
  afterAll(() => db.close());

  test('a second bootstrap changes nothing', async () => {
    const before = await dumpCatalog(db.admin);
    const keys = await db.admin.query('SELECT kid, purpose, inner_pad, valid_to FROM keys.scope_keys ORDER BY kid');
    await bootstrap({ session: db.admin, definition: retailDefinition, prefix: db.prefix, passwords: {}, signingKey });
    expect(await dumpCatalog(db.admin)).toEqual(before);
    expect(await db.admin.query('SELECT kid, purpose, inner_pad, valid_to FROM keys.scope_keys ORDER BY kid')).toEqual(keys);
    expect(keys.map((key) => key.purpose).sort()).toEqual(['bind', 'sign']);
  });

  describe('a managed identity for the server login', () => {
    const serverPrincipalId = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
    const give = (session: OwnerSession) =>
      bootstrap({ session, definition: retailDefinition, prefix: db.prefix, passwords: {}, signingKey, serverPrincipalId });

    test('is mapped to it by the label that Azure reads', async () => {
      const labels: string[] = [];
      const onAzure: OwnerSession = {
        ...db.admin,
        script: async (text) => void (text.startsWith('SECURITY LABEL') ? labels.push(text) : await db.admin.script(text)),
      };
      await give(onAzure);
      expect(labels).toEqual([
        `SECURITY LABEL FOR "pgaadauth" ON ROLE "${db.prefix}_server" IS 'aadauth,oid=${serverPrincipalId},type=service'`,
      ]);
    });

    test('is refused where Entra ID is not at home, saying where it is', async () => {
      await expect(give(db.admin)).rejects.toMatchObject({
        code: 'misconfigured',
        hint: expect.stringContaining('Azure Database'),
      });
    });
  });

  describe('a signing key that a rotation has retired', () => {
    const next = { kid: 'next', key: randomBytes(32) };
    const give = (key: ScopeSigningKey) =>
      bootstrap({ session: db.admin, definition: retailDefinition, prefix: db.prefix, passwords: {}, signingKey: key });
    const row = (kid: string) =>
      db.admin.query('SELECT inner_pad, outer_pad, valid_to FROM keys.scope_keys WHERE kid = $1', [kid]);

    test('is not revived by a bootstrap that is given it again, which names the current one', async () => {
      await addScopeKey(db.owner, next);
      await retireOtherScopeKeys(db.owner, next.kid, 0);
      const before = await row(signingKey.kid);
      const told = /^The signing key test was retired on [0-9: -]+ UTC and stays so; the current key is next\. .*keys rotate/;
      expect(await give(signingKey)).toContainEqual(expect.stringMatching(told));
      expect(await give({ kid: signingKey.kid, key: randomBytes(32) })).toContainEqual(expect.stringMatching(told));
      expect(await row(signingKey.kid)).toEqual(before);
      expect((await give(next)).join()).not.toContain('signing key');
    });

    test('is refused by a database that a server would open with it', async () => {
      const install = installKeys({ session: db.admin, prefix: db.prefix, signingKey });
      await expect(install).rejects.toMatchObject({
        code: 'misconfigured',
        message: expect.stringContaining('The signing key test was retired'),
        hint: expect.stringContaining('keys rotate --scope'),
      });
    });

    test('stays retired when its material has been thrown away', async () => {
      await db.owner.query("UPDATE keys.scope_keys SET valid_to = now() - interval '2 days' WHERE kid = 'test'");
      await retireOtherScopeKeys(db.owner, next.kid, 0);
      const before = await row(signingKey.kid);
      expect((await give(signingKey)).join()).toContain('was retired');
      expect(await row(signingKey.kid)).toEqual(before);
    });

    test('is told from one that is ending, and from the last one that was', async () => {
      await db.owner.query("UPDATE keys.scope_keys SET valid_to = now() + interval '1 minute' WHERE kid = 'next'");
      expect((await give(next)).join()).toMatch(
        /next is being retired, it ends on .* and stays so; the current key is none at all/,
      );
    });
  });

  test('the signing key can never take the place of the key that binds transactions', async () => {
    const install = (kid: string, key: Uint8Array) =>
      installKeys({ session: db.admin, prefix: db.prefix, signingKey: { kid, key } });
    await expect(install('transaction-binding', randomBytes(32))).rejects.toMatchObject({ code: 'misconfigured' });
    await expect(install('a.b', randomBytes(32))).rejects.toMatchObject({ code: '23514' });
    await expect(install('long', randomBytes(65))).rejects.toThrow(RangeError);
  });
});

describe.each(realServers())('On $name', ({ adminUrl }) => {
  const prefix = `zt${randomBytes(3).toString('hex')}`;
  const administrator = `${prefix}_admin`;
  const own = `zavatest_${prefix}`;
  const managed = `${own}_managed`;
  const address = (database: string): ServerAddress => ({
    host: new URL(adminUrl).hostname,
    port: Number(new URL(adminUrl).port),
    database,
    sslMode: 'disable',
    applicationName: 'zava-tests',
  });
  const superuser = {
    user: decodeURIComponent(new URL(adminUrl).username),
    password: decodeURIComponent(new URL(adminUrl).password),
  };
  let server: OwnerSession;
  beforeAll(async () => {
    server = await openOwnerSession(address('postgres'), superuser);
    await server.script(`CREATE ROLE ${administrator} LOGIN CREATEROLE CREATEDB PASSWORD 'a'`);
    await server.script(`CREATE DATABASE ${own} TEMPLATE template0`);
    await server.script(`CREATE DATABASE ${managed} OWNER ${administrator} TEMPLATE template0`);
  });
  afterAll(async () => {
    await server.script(`DROP DATABASE ${own} WITH (FORCE)`);
    await server.script(`DROP DATABASE ${managed} WITH (FORCE)`);
    for (const role of [...suffixes.map((suffix) => `${prefix}_${suffix}`), administrator])
      await server.script(`DROP ROLE IF EXISTS ${role}`);
    await server.close();
  });

  const prepare = (session: OwnerSession, passwords = {}) =>
    bootstrap({ session, definition: retailDefinition, prefix, passwords, signingKey });
  const passwords = { owner: awkward, server: awkward, reader: awkward, operator: awkward };
  const open = (database: string, suffix: string) =>
    openOwnerSession(address(database), { user: `${prefix}_${suffix}`, password: awkward });

  describe('a managed service’s administrator, who is no superuser', () => {
    let session: OwnerSession;
    beforeAll(async () => {
      session = await openOwnerSession(address(managed), { user: administrator, password: 'a' });
    });
    afterAll(() => session.close());

    test('is told what a superuser must run where an extension is out of his reach', async () => {
      await expect(prepare(session, passwords)).rejects.toMatchObject({
        code: 'misconfigured',
        message: 'The extension vector could not be set up',
        hint: expect.stringContaining('CREATE EXTENSION vector SCHEMA extensions;'),
      });
    });

    test('gets everything else done, and a line about each thing that he could not do', async () => {
      const helper = await openOwnerSession(address(managed), superuser);
      await helper.script('CREATE EXTENSION vector SCHEMA extensions');
      await helper.close();
      const notices = await prepare(session, passwords);
      expect(notices.join('\n')).toMatch(/pg_monitor could not be granted/);
      expect(notices.join('\n')).toMatch(/pg_stat_statements could not be set up: advice will have no workload statistics/);
      expect(notices.join('\n')).toMatch(/temp_file_limit/);
      expect(notices.join('\n')).toMatch(/dangerous built-in functions stay executable/);
    });

    test('can do it again', async () => {
      const before = await dumpCatalog(session);
      await prepare(session, passwords);
      expect(await dumpCatalog(session)).toEqual(before);
    });

    test('says so where another’s pg_stat_statements cannot be closed to PUBLIC', async () => {
      const helper = await openOwnerSession(address(managed), superuser);
      await helper.script(
        `CREATE EXTENSION pg_stat_statements SCHEMA extensions; REVOKE ALL ON extensions.pg_stat_statements FROM PUBLIC`,
      );
      expect((await prepare(session)).join('\n')).toMatch(/pg_stat_statements belongs to somebody else/);
      await helper.script('DROP EXTENSION pg_stat_statements');
      await helper.close();
    });

    test('leaves a database that migrates and serves', async () => {
      const owner = await open(managed, 'owner');
      await migrate({ session: owner, migrations: await readMigrations(migrationsDirectory), prefix });
      await owner.script(`INSERT INTO retail.regions VALUES (1, 'R');
        INSERT INTO retail.stores (store_id, store_name, rls_user_id, region_id) SELECT n, 'S' || n, gen_random_uuid(), 1 FROM generate_series(1, 2) n;
        INSERT INTO retail.customers (customer_id, first_name, last_name, email) VALUES (1, 'a', 'b', 'a@b');
        INSERT INTO retail.orders (customer_id, store_id, order_date, total_amount) VALUES (1, 1, '2025-01-01', 5), (1, 2, '2025-01-01', 7)`);
      await owner.close();
      const database = await createPoolDatabase({
        address: address(managed),
        server: { user: `${prefix}_server`, password: awkward },
        reader: (suffix) => ({ user: `${prefix}_${suffix}`, password: awkward }),
        useScopeFunction: retailDefinition.useScopeFunction,
        maxConnections: 2,
      });
      const sign = createScopeSigner({ signingKey: () => signingKey, clock: systemClock });
      const ask = (text: string) =>
        database.runAsTenant({ reader: 'reader', scopeToken: sign([2]), text, limits, timeoutMs: 5000 });
      expect((await ask('SELECT store_id, total_amount FROM retail.orders')).rows).toEqual([['2', '7.00']]);
      expect(
        (
          await ask(
            "WITH f AS MATERIALIZED (SELECT set_config('zava.tenant_scope', '1', true) AS x) SELECT o.* FROM f, retail.orders o",
          )
        ).rows,
      ).toEqual([]);
      await database.close();
    });
  });

  describe('a superuser', () => {
    let session: OwnerSession;
    beforeAll(async () => {
      session = await openOwnerSession(address(own), superuser);
    });
    afterAll(() => session.close());

    test('needs no second hand, moves extensions that lie elsewhere, and may do it twice', async () => {
      await session.script('CREATE EXTENSION vector SCHEMA public; CREATE EXTENSION pg_stat_statements SCHEMA public');
      expect(await prepare(session, passwords)).toEqual([]);
      const before = await dumpCatalog(session);
      const [hypopg] = await session.query("SELECT 1 AS known FROM pg_available_extensions WHERE name = 'hypopg'");
      expect(before.filter((line) => line.startsWith('extension'))).toEqual([
        ...(hypopg === undefined ? [] : ['extension hypopg extensions']),
        'extension pg_stat_statements extensions',
        'extension pg_trgm extensions',
        'extension plpgsql pg_catalog',
        'extension vector extensions',
      ]);
      expect(await prepare(session)).toEqual([]);
      expect(await dumpCatalog(session)).toEqual(before);
    });

    test.each(suffixes)('sets a password for %s that may hold any character', async (suffix) => {
      const login = await open(own, suffix);
      expect(await login.query('SELECT current_user AS me')).toEqual([{ me: `${prefix}_${suffix}` }]);
      await login.close();
    });

    test('keeps passwords that are not given anew', async () => {
      await prepare(session);
      await (await open(own, 'reader')).close();
    });
  });
});
