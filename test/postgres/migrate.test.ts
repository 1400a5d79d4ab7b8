import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCorePieces } from '../../src/postgres/core-pieces.ts';
import { type Migration, migrate, readMigrations } from '../../src/postgres/migrate.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { type EmptyDatabase, migrationsDirectory, onEveryDatabase } from '../support/databases.ts';
import { dumpCatalog } from './catalog-dump.ts';
import { realTiers } from './real-servers.ts';

const made = (version: number, name: string, text: string, transactional = true): Migration => ({
  version,
  name,
  text,
  checksum: `of ${text}`,
  transactional,
});

describe('Reading migrations', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const read = async (files: Record<string, string>, core: Record<string, string> = {}) => {
    const own = await mkdtemp(join(directory, 'set-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(own, name), text);
    await mkdir(join(own, 'core'));
    for (const [name, text] of Object.entries(core)) await writeFile(join(own, 'core', name), text);
    const place = pathToFileURL(`${own}/`);
    return readMigrations(place, new URL('core/', place));
  };

  test('takes them in the order of their numbers, with a checksum over the text', async () => {
    const [first, second] = await read({
      '0002_b.sql': '-- non-transactional\nSELECT 2',
      '0001_a_1.sql': 'SELECT 1',
      'notes.md': '',
    });
    expect(first).toMatchObject({ version: 1, name: 'a_1', text: 'SELECT 1', transactional: true });
    expect(first?.checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toMatchObject({ version: 2, name: 'b', transactional: false });
  });

  test.each(['0003_gap.sql', 'first.sql', '1_short.sql', '0002_Capital.sql', '0002-dash.sql'])(
    'refuses %s by its name',
    async (file) => {
      await expect(read({ '0001_a.sql': '', [file]: '' })).rejects.toMatchObject({
        code: 'misconfigured',
        message: expect.stringContaining(file),
        hint: expect.stringContaining('0002_'),
      });
    },
  );

  const core = {
    '01_ops.sql': 'CREATE ops\n',
    '02_scope.sql': 'IN {{schema}} BY {{prefix}}\n',
    'tracked.sql': 'TRACK {{table}}\n',
  };

  test('puts the core’s pieces in the places of their lines, and takes the checksum of the whole', async () => {
    const [first, second] = await read(
      { '0001_a.sql': '{{core ops}}\n', '0002_b.sql': 'x\n{{core scope schema=library}}\n{{core tracked table="a, b"}}\n' },
      core,
    );
    expect(first?.text).toBe('CREATE ops\n');
    expect(second?.text).toBe('x\nIN library BY {{prefix}}\nTRACK a, b\n');
    const [asWritten] = await read({ '0001_a.sql': 'CREATE ops\n' });
    expect(first?.checksum).toBe(asWritten?.checksum);
  });

  test.each([
    ['is not there', '{{core nothing}}', 'there is no such piece: ops, scope, tracked'],
    ['is told too little', '{{core scope}}', 'it must be told schema'],
    ['is told what it does not know', '{{core ops schema=library}}', 'it knows no schema'],
    ['stands within a line', 'SELECT 1; {{core ops}}', 'a piece stands alone on its line'],
  ])('refuses a piece that %s', async (_what, text, fault) => {
    await expect(read({ '0001_a.sql': text }, core)).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringMatching(new RegExp(`0001_a.sql.*${fault}`)),
    });
  });

  test('refuses a schema that lacks a piece, and says which line to add', async () => {
    await expect(read({ '0001_a.sql': '{{core ops}}' }, core)).rejects.toMatchObject({
      message: "The migrations lack the core's piece scope",
      hint: 'Add the file 0002_scope.sql with the line {{core scope schema=…}}.',
    });
  });

  test.each([
    ['out of their order', '{{core scope schema=a}}\n{{core ops}}', 'scope'],
    ['twice', '{{core ops}}\n{{core scope schema=a}}\n{{core ops}}', 'ops'],
  ])('refuses pieces that are taken %s', async (_what, text, offender) => {
    await expect(read({ '0001_a.sql': text }, core)).rejects.toMatchObject({
      message: expect.stringContaining(`${offender} out of order, or twice`),
      hint: expect.stringContaining('ops, scope'),
    });
  });

  test('refuses two of one number', async () => {
    await expect(read({ '0001_a.sql': '', '0001_b.sql': '' })).rejects.toMatchObject({ code: 'misconfigured' });
  });
});

test('what installations have recorded is what the files give, piece by piece', async () => {
  const shipped = await readMigrations(migrationsDirectory);
  // As databases have them in ops.schema_migrations since each was released: a row here is never changed, only added.
  const recorded = [
    'retail_schema 98447c5303e5339ad5b6d63d595c9e2f4d7e6a8b310c3bfb12f11b8bf77cf036',
    'search 8e171955fba28749adc1099ca6c5d36935985f11acf8541faf1fac364bba0d6b',
    'operations c0d6266477e0a5030c34137e9ed557a56103cafb2d0f2c122b93bacd7108027c',
    'audit bf10c42fa11ba9f4618ec09a7cbb48bf912d3e793965d1bffa4f4e2c2fa8f7ac',
    'rollups f019d5fad14ab159fea6f4410f7c42abb73db8318683d5fab107c6116851eef6',
    'tenant_scope c0e35b0151ca0783da6bc209e6f5a5424643f8aaa3b43861a75077299880b6a1',
    'privileges 754565941f38fa98afe3f2d015ed4d52d2c61e7f55556f533e46e66bf215cb0d',
    'audit_months 219743baa6d17ecd33ab78d6013c201cadbc3af416e80046651354189c0dd7cc',
    'scope_functions c8ba5aa3d482b46af84b336bad03769dc8c7235c601791c038c60e7b3e82da5d',
    'covering_indexes dbeb4fba87a28c364963f0fca3a0ba9c2c435342dcccef5c94a83d83f7f9fde2',
    'scope_in_one_statement e89b2ca2e5c4d7a52bf7d438ad5bcc513442393a701136ef8e679b19015df17b',
    'cheaper_scope 6d4bb410d55bf603f9b7d61046f5f232e8a505535f62c737833a7cd05c67305d',
    'backups f501eabbc4b0adee2d29c7d0c62996d87962b0eb804704f2837c6d6ef9539712',
    'jobs_and_usage 16ce4c37f70fe3b727c07cdd37d016d6d83956b8fa344e17c5230bdcdb403f31',
    'alert_notices 34ec4fcddbd37101cbad70e61ddd4dbcc703b1353dc4280157799188fdc993c7',
  ];
  expect(shipped.slice(0, recorded.length).map(({ name, checksum }) => `${name} ${checksum}`)).toEqual(recorded);
});

test('the core knows no schema but its own', async () => {
  const { texts } = await readCorePieces(new URL('core/', migrationsDirectory));
  expect(texts.size).toBeGreaterThan(10);
  for (const text of texts.values()) expect(text).not.toContain('retail');
});

onEveryDatabase('Migrating', (tier) => {
  let db: EmptyDatabase;
  let all: Migration[];
  beforeAll(async () => {
    db = await tier.openEmpty();
    all = await readMigrations(migrationsDirectory);
  });
  afterAll(() => db.close());

  const run = (migrations: readonly Migration[], changes = {}) =>
    migrate({ session: db.owner, migrations, prefix: db.prefix, ...changes });

  test('step by step applies each once and tells so', async () => {
    const told: number[] = [];
    for (const { version } of all) {
      expect(await run(all, { upTo: version, onApplied: (migration: Migration) => told.push(migration.version) })).toBe(1);
    }
    expect(told).toEqual(all.map((migration) => migration.version));
    const rows = await db.owner.query('SELECT version, name, checksum FROM ops.schema_migrations ORDER BY version');
    expect(rows).toEqual(all.map(({ version, name, checksum }) => ({ version: String(version), name, checksum })));
  });

  test('again changes nothing', async () => {
    const before = await dumpCatalog(db.admin);
    expect(await run(all)).toBe(0);
    expect(await dumpCatalog(db.admin)).toEqual(before);
  });

  test('one that fails is named, rolled back whole, and no hindrance once mended', async () => {
    const before = await dumpCatalog(db.admin);
    const bad = made(all.length + 1, 'half_done', 'CREATE TABLE retail.half (id int); SELECT 1 / 0;');
    await expect(run([...all, bad])).rejects.toMatchObject({
      code: 'misconfigured',
      message: `Migration ${all.length + 1} (half_done) failed: division by zero`,
      hint: expect.stringContaining('rolled back'),
    });
    expect(await dumpCatalog(db.admin)).toEqual(before);
    expect(await run(all)).toBe(0);
    const good = made(all.length + 1, 'mended', 'CREATE TABLE retail.mended (id int);\nDROP TABLE retail.mended; -- {{prefix}}');
    expect(await run([...all, good])).toBe(1);
  });

  test('refuses a database that a newer release has migrated', async () => {
    await expect(run(all)).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining(`has migration ${all.length + 1}`),
    });
    await db.owner.query('DELETE FROM ops.schema_migrations WHERE version = $1', [all.length + 1]);
  });

  test('refuses a database that was made for another schema', async () => {
    const others = all.map((migration) => ({ ...migration, name: `library_${migration.name}` }));
    await expect(run(others)).rejects.toMatchObject({
      code: 'misconfigured',
      message: 'Migration 1 of the database is retail_schema, and of the schema library_retail_schema',
    });
  });

  test('refuses a file that changed after it had been applied', async () => {
    const changed = all.map((migration) => (migration.version === 2 ? { ...migration, checksum: 'other' } : migration));
    await expect(run(changed)).rejects.toMatchObject({
      code: 'misconfigured',
      message: 'Migration 2 (search) was changed after it had been applied',
    });
  });

  test('outside a transaction where the file asks for it', async () => {
    const text = '-- non-transactional\nCREATE INDEX CONCURRENTLY idx_for_test ON retail.inventory (stock_level)';
    expect(await run([...all, made(all.length + 1, 'index', text, false)])).toBe(1);
    const bad = made(all.length + 2, 'broken_index', 'CREATE INDEX CONCURRENTLY idx_bad ON retail.nowhere (id)', false);
    await expect(run([...all, made(all.length + 1, 'index', text, false), bad])).rejects.toMatchObject({
      message: expect.stringContaining('(broken_index) failed'),
      hint: expect.stringContaining('outside a transaction'),
    });
  });
});

describe.each(realTiers)('Migrating a server, on $name', (tier) => {
  let all: Migration[];
  const open: EmptyDatabase[] = [];
  const empty = async () => {
    const db = await tier.openEmpty();
    open.push(db);
    return db;
  };
  beforeAll(async () => {
    all = await readMigrations(migrationsDirectory);
  });
  afterAll(async () => {
    for (const db of open) await db.close();
  });

  test('step by step and at once end in the same catalogue', async () => {
    const [steps, once] = [await empty(), await empty()];
    for (const { version } of all) await migrate({ session: steps.owner, migrations: all, prefix: steps.prefix, upTo: version });
    await migrate({ session: once.owner, migrations: all, prefix: once.prefix });
    const dump = await dumpCatalog(once.admin);
    expect(dump.length).toBeGreaterThan(300);
    expect(await dumpCatalog(steps.admin)).toEqual(dump);
  });

  test('two at once take turns, and the second finds nothing left to do', async () => {
    const db = await empty();
    const second = await openOwnerSession(db.address!, { user: `${db.prefix}_owner`, password: db.password });
    const applied = await Promise.all(
      [db.owner, second].map((session) => migrate({ session, migrations: all, prefix: db.prefix })),
    );
    await second.close();
    expect(applied.sort()).toEqual([0, all.length]);
  });

  test('a connection that breaks half-way keeps nothing of the migration it was in', async () => {
    const db = await empty();
    const suicide = made(1, 'cut', 'CREATE TABLE ops.half (id int); SELECT pg_sleep(10);');
    const running = migrate({ session: db.owner, migrations: [suicide], prefix: db.prefix });
    const outcome = expect(running).rejects.toThrow();
    await db.admin.script('GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO PUBLIC');
    await expect
      .poll(
        async () =>
          (
            await db.admin.query(
              "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE query LIKE '%pg_sleep(10)%' AND pid <> pg_backend_pid()",
            )
          ).length,
      )
      .toBe(1);
    await outcome;
    expect(await db.admin.query("SELECT 1 FROM pg_class WHERE relname = 'half'")).toEqual([]);
  });
});
