import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { Principal, Tenant } from '../../src/core/principal.ts';
import type { SchemaDefinition } from '../../src/core/schema-definition.ts';
import { bootstrap } from '../../src/postgres/bootstrap.ts';
import type { ServerAddress } from '../../src/postgres/connection-settings.ts';
import type { Database, OwnerSession, TenantResult, TenantStatement } from '../../src/postgres/database.ts';
import { openEmbeddedDatabase } from '../../src/postgres/embedded-database.ts';
import { migrate, readMigrations } from '../../src/postgres/migrate.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { createPoolDatabase } from '../../src/postgres/pool-database.ts';
import { createScopeSigner, type ScopeSigner, type ScopeSigningKey } from '../../src/postgres/scope-token.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { loadSampleData } from '../../src/retail/sample-data/load.ts';

/** Customers in every test database: small, and enough for all eight stores to have orders. */
export const testScale = 200;
export const signingKey: ScopeSigningKey = { kid: 'test', key: createHash('sha256').update('a key for tests').digest() };
export const migrationsDirectory = new URL('../../migrations/', import.meta.url);

export interface TestDatabase {
  readonly database: Database;
  /** Suffixes become logins: `role('reader')`. */
  role(suffix: string): string;
  readonly owner: OwnerSession;
  readonly admin: OwnerSession;
  readonly sign: ScopeSigner;
  /** Present on a real server. */
  readonly address?: ServerAddress;
  readonly password?: string;
  /** A caller's statement with the guard off. */
  asStores(ids: readonly number[], text: string, changes?: Partial<TenantStatement>): Promise<TenantResult>;
  close(): Promise<void>;
}

export interface Tier {
  readonly name: string;
  /** A seeded database of the caller's own; what a test does to it ends with `close`. */
  open(): Promise<TestDatabase>;
  /** Bootstrapped, and nothing more: no migration has run. */
  openEmpty(definition?: SchemaDefinition): Promise<EmptyDatabase>;
}

export interface EmptyDatabase {
  readonly prefix: string;
  readonly owner: OwnerSession;
  readonly admin: OwnerSession;
  /** Present on a real server. */
  readonly address?: ServerAddress;
  readonly password?: string;
  /** For what serves the schema, once it is there. Ends with `close`. */
  connect(): Promise<Database>;
  close(): Promise<void>;
}

const root = new URL('../../', import.meta.url).pathname;
const cacheDirectory = join(root, 'node_modules/.cache/zava-mcp-server');

export const digestVariable = 'ZAVA_TEST_TEMPLATE_DIGEST';

/** Changes whenever something does that the seeded database follows from. */
export function templateDigest(): string {
  const ofThisRun = process.env[digestVariable];
  if (ofThisRun !== undefined) return ofThisRun;
  const hash = createHash('sha256');
  const everything = ['migrations', 'migrations/core', 'data', 'src/retail/sample-data'].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(folder, name))
      .sort(),
  );
  const preparing = ['bootstrap', 'dangerous-functions', 'core-pieces', 'migrate', 'scope-token', 'embedded-session'];
  for (const file of [...everything, ...preparing.map((name) => `src/postgres/${name}.ts`)]) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.update(String(testScale)).digest('hex').slice(0, 12);
}

/** Not compressed: unpacking it in JavaScript would cost each file of tests a second. */
const embeddedTemplate = () => join(cacheDirectory, `embedded-${templateDigest()}.tar`);
/** A cluster as initdb leaves it, which takes the embedded one six seconds. */
const emptyTemplate = () => join(cacheDirectory, `embedded-${templateDigest()}-empty.tar`);

function openEmbedded(template?: Uint8Array, { useScopeFunction } = retailDefinition) {
  return openEmbeddedDatabase({
    dataDir: 'memory',
    template,
    useScopeFunction,
    serverRole: 'zava_server',
    readerRole: (suffix) => `zava_${suffix}`,
  });
}

export const embeddedTier: Tier = {
  name: 'the embedded database',
  async open() {
    const database = await openEmbedded(await readFile(embeddedTemplate()));
    return withShortcuts(database, {
      role: (suffix) => `zava_${suffix}`,
      owner: database.session('zava_owner'),
      admin: database.session(null),
      close: () => database.close(),
    });
  },
  async openEmpty(definition = retailDefinition) {
    const database = await openEmbedded(await readFile(emptyTemplate()), definition);
    const admin = database.session(null);
    await bootstrap({ session: admin, definition, prefix: 'zava', passwords: {}, signingKey });
    const owner = database.session('zava_owner');
    return { prefix: 'zava', admin, owner, connect: async () => database, close: () => database.close() };
  },
};

async function prepareEmbedded(): Promise<void> {
  if (existsSync(embeddedTemplate())) return;
  await mkdir(cacheDirectory, { recursive: true });
  const database = await openEmbedded();
  const keep = async (file: string) => {
    await writeFile(`${file}.new`, gunzipSync(await database.dump()));
    await rename(`${file}.new`, file);
  };
  await keep(emptyTemplate());
  await bootstrap({ session: database.session(null), definition: retailDefinition, prefix: 'zava', passwords: {}, signingKey });
  const owner = database.session('zava_owner');
  await migrate({ session: owner, migrations: await readMigrations(migrationsDirectory), prefix: 'zava' });
  await loadSampleData({ session: owner, options: { scale: testScale } });
  await keep(embeddedTemplate());
  await database.close();
  const outdated = (await readdir(cacheDirectory)).filter(
    (name) => name.startsWith('embedded-') && !name.startsWith(`embedded-${templateDigest()}`),
  );
  await Promise.all(outdated.map((name) => rm(join(cacheDirectory, name), { force: true })));
}

/** Real servers by their administrator's URL, as `npm run services:up` wrote them down or CI gives them. */
export function realServers(): { name: string; adminUrl: string }[] {
  const file = join(root, '.services.env');
  const written = existsSync(file)
    ? Object.fromEntries(
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line) => {
            const match = /^(TEST_\w+)=(.*)$/.exec(line);
            return match === null ? [] : [[match[1], match[2]]];
          }),
      )
    : {};
  const known = { ...written, ...process.env };
  return [
    { name: 'PostgreSQL 17', adminUrl: known.TEST_POSTGRES_ADMIN_URL },
    { name: 'PostgreSQL 18', adminUrl: known.TEST_POSTGRES_18_ADMIN_URL },
  ].filter((server): server is { name: string; adminUrl: string } => server.adminUrl !== undefined && server.adminUrl !== '');
}

const prefix = 'zavatest';
const password = 'only for tests';
const passwords = { owner: password, server: password, reader: password, operator: password };

function addressOf(adminUrl: string, database: string) {
  const url = new URL(adminUrl);
  const address: ServerAddress = {
    host: url.hostname,
    port: Number(url.port),
    database,
    sslMode: 'disable',
    applicationName: 'zava-tests',
  };
  return { address, login: { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } };
}

/** Roles belong to the whole server, so those who set them up take turns. */
async function taking<T>(adminUrl: string, work: (session: OwnerSession) => Promise<T>): Promise<T> {
  const { address, login } = addressOf(adminUrl, 'postgres');
  const session = await openOwnerSession(address, login);
  try {
    await session.query("SELECT pg_advisory_lock(hashtext('zava tests'))");
    return await work(session);
  } finally {
    await session.close();
  }
}

const realTemplate = () => `zavatest_template_${templateDigest()}`;

async function prepareReal(adminUrl: string): Promise<void> {
  await taking(adminUrl, async (server) => {
    const [known] = await server.query('SELECT 1 AS known FROM pg_database WHERE datname = $1 AND datistemplate', [
      realTemplate(),
    ]);
    if (known !== undefined) return;
    await dropLeftovers(server);
    // An attempt that broke off is in the way of this one.
    await server.script(`DROP DATABASE IF EXISTS ${realTemplate()}`);
    await server.script(`CREATE DATABASE ${realTemplate()} TEMPLATE template0`);
    const { address, login } = addressOf(adminUrl, realTemplate());
    const admin = await openOwnerSession(address, login);
    await bootstrap({ session: admin, definition: retailDefinition, prefix, passwords, signingKey });
    await admin.close();
    const owner = await openOwnerSession(address, { user: `${prefix}_owner`, password });
    await migrate({ session: owner, migrations: await readMigrations(migrationsDirectory), prefix });
    await loadSampleData({ session: owner, options: { scale: testScale } });
    await owner.close();
    await server.script(`ALTER DATABASE ${realTemplate()} IS_TEMPLATE true`);
  });
}

/** Whatever a killed run or an older checkout left: nobody is connected to it and it is an hour old. */
async function dropLeftovers(server: OwnerSession): Promise<void> {
  const leftovers = await server.query(
    `SELECT d.datname FROM pg_database d WHERE d.datname LIKE 'zavatest\\_%'
     AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
     AND (pg_stat_file('base/' || d.oid || '/PG_VERSION')).modification < now() - interval '1 hour'`,
  );
  for (const { datname } of leftovers) {
    await server.script(`ALTER DATABASE ${datname} IS_TEMPLATE false`);
    await server.script(`DROP DATABASE ${datname}`);
  }
}

function realTier({ name, adminUrl }: { name: string; adminUrl: string }): Tier {
  const openFrom = async (template: string, definition = retailDefinition) => {
    const own = `zavatest_${randomBytes(5).toString('hex')}`;
    const { address, login } = addressOf(adminUrl, own);
    const admin = await taking(adminUrl, async (server) => {
      await server.script(`CREATE DATABASE ${own} TEMPLATE ${template}`);
      const session = await openOwnerSession(address, login);
      // Settings of roles are per database and not copied with it.
      await bootstrap({ session, definition, prefix, passwords, signingKey });
      return session;
    });
    const owner = await openOwnerSession(address, { user: `${prefix}_owner`, password });
    let database: Database | undefined;
    const connect = async () => {
      database ??= await createPoolDatabase({
        address,
        server: { user: `${prefix}_server`, password },
        reader: (suffix) => ({ user: `${prefix}_${suffix}`, password }),
        useScopeFunction: definition.useScopeFunction,
        maxConnections: 4,
      });
      return database;
    };
    const close = async () => {
      await Promise.all([owner.close(), admin.close(), database?.close()]);
      await taking(adminUrl, (server) => server.script(`DROP DATABASE ${own} WITH (FORCE)`));
    };
    return { prefix, address, password, admin, owner, connect, close };
  };
  return {
    name,
    openEmpty: (definition) => openFrom('template0', definition),
    async open() {
      const { address, admin, owner, connect, close } = await openFrom(realTemplate());
      return withShortcuts(await connect(), {
        role: (suffix) => `${prefix}_${suffix}`,
        owner,
        admin,
        address,
        password,
        close,
      });
    },
  };
}

/** The same on a server of a test's own. */
export async function tierOn(name: string, adminUrl: string): Promise<Tier> {
  await prepareReal(adminUrl);
  return realTier({ name, adminUrl });
}

function withShortcuts(database: Database, rest: Omit<TestDatabase, 'database' | 'sign' | 'asStores'>): TestDatabase {
  const sign = createScopeSigner({ signingKey: () => signingKey, clock: systemClock });
  return {
    ...rest,
    database,
    sign,
    asStores: (ids, text, changes = {}) =>
      database.runAsTenant({
        reader: 'reader',
        scopeToken: sign(ids),
        text,
        limits: { maxRows: 1000, maxBytes: 1_000_000 },
        timeoutMs: 30_000,
        ...changes,
      }),
  };
}

export const tiers: readonly Tier[] = [embeddedTier, ...realServers().map(realTier)];

/** For tests that are not about the database: the one that is opened soonest. */
export const anyTier: Tier = tiers[1] ?? embeddedTier;

/** The same tests on the embedded and on every real database there is. */
export function onEveryDatabase(subject: string, tests: (tier: Tier) => void): void {
  describe.each(tiers.map((tier) => [tier.name, tier] as const))(`${subject}, on %s`, (_name, tier) => tests(tier));
  // Said in the report, so that a missing server is never mistaken for a pass.
  if (realServers().length === 0)
    describe.skip(`${subject}, on a real PostgreSQL (none: run npm run services:up)`, () => tests(embeddedTier));
}

export async function prepareTemplates(): Promise<void> {
  const servers = realServers();
  if (servers.length === 0) {
    const message = 'SKIPPED: no PostgreSQL. The tests of the real database do not run; bring one up with: npm run services:up';
    if (process.env.CI === 'true') throw new Error(message);
    process.stderr.write(`\n${'!'.repeat(message.length)}\n${message}\n${'!'.repeat(message.length)}\n\n`);
  }
  await prepareEmbedded();
  for (const server of servers) await prepareReal(server.adminUrl);
}

export async function tenantDirectory(database: Database, definition = retailDefinition): Promise<Tenant[]> {
  const rows = await database.query(`SELECT id, name, key, "group" FROM ${definition.tenantDirectoryFunction}()`);
  return rows.map((row) => ({ id: Number(row.id), name: row.name ?? '', key: row.key ?? '', group: row.group ?? '' }));
}

/** A caller who sees the stores with these ids. */
export async function principalFor(database: Database, role: string, storeIds: readonly number[]): Promise<Principal> {
  const rules = retailDefinition.callerRoles.find((known) => known.name === role);
  const tenants = (await tenantDirectory(database)).filter((tenant) => storeIds.includes(tenant.id));
  return { subject: `test ${role}`, roles: [role], permissions: new Set(rules?.permissions), tenants };
}
