import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  const read = async (files: Record<string, string>) => {
    const own = await mkdtemp(join(directory, 'set-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(own, name), text);
    return readMigrations(pathToFileURL(`${own}/`));
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

  test('refuses two of one number', async () => {
    await expect(read({ '0001_a.sql': '', '0001_b.sql': '' })).rejects.toMatchObject({ code: 'misconfigured' });
  });
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
