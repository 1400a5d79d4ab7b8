import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNamedSession } from '../../src/app/adapters.ts';
import { openBackupPlace } from '../../src/app/backups/backup-store.ts';
import { openKeys } from '../../src/app/secrets.ts';
import { lastFullBackup } from '../../src/backup/last-full-backup.ts';
import { type Manifest, partOf } from '../../src/backup/manifest.ts';
import { feedProgram } from '../../src/backup/run-program.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { startProduct } from '../e2e/product.ts';
import { type RealInstallation, realInstallation, realServer } from '../e2e/real-installation.ts';
import { pgPrograms } from '../support/pg-programs.ts';
import { runVerb, startVerb } from './command-line.ts';

const folder = await mkdtemp(join(tmpdir(), 'zava-backups-'));
const programs = await pgPrograms(join(folder, 'bin'));
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Listed {
  readonly name: string;
  readonly parts: Manifest['parts'];
  readonly rows: Readonly<Record<string, number>>;
}

const altered = /is not what was written|cannot be opened/;

// Said in the report, so that missing programs are never mistaken for a pass.
const missing =
  realServer === undefined ? ' (no PostgreSQL: run npm run services:up)' : programs === undefined ? ' (no pg_dump 17)' : '';
describe.skipIf(missing !== '')(`backups of a real PostgreSQL 17${missing}`, () => {
  let own: RealInstallation;
  let env: Record<string, string> = {};
  let admin: OwnerSession;
  const verb = (...args: string[]) => runVerb(args, env);
  const store = join(folder, 'store');
  const list = async (): Promise<{ backups: Listed[]; broken: { name: string }[] }> =>
    JSON.parse((await verb('backup', 'list', '--json')).stdout);
  const digests = async () => JSON.parse((await verb('seed', '--verify', '--scale', '200', '--json')).stdout);
  const place = async () => {
    const config = loadConfig({ serving: 'nothing' }, env);
    const keys = await openKeys(config, () => {});
    keys.close();
    return { config, ...openBackupPlace(config, keys.encryptionKeys) };
  };
  /** As `bootstrap` leaves a database, without its wait. */
  const preparedDatabase = async (suffix: string) => {
    const name = `${own.database}_${suffix}`;
    await admin.script(`CREATE DATABASE ${name} TEMPLATE ${own.database}_drill_template OWNER ${own.database}_owner`);
    return name;
  };
  const scratchDatabases = () =>
    admin.query('SELECT datname FROM pg_database WHERE datname ~ $1', [`^${own.database}_drill_[0-9a-f]{8}$`]);

  beforeAll(async () => {
    own = await realInstallation('zavabk');
    env = { ...own.env, BACKUP_TARGET: store, POSTGRES_BIN_DIR: programs ?? '' };
    for (const args of [['bootstrap', '--admin-url', own.adminUrl, '--for-drills'], ['migrate'], ['seed', '--scale', '200']]) {
      const { code, stderr } = await verb(...args);
      expect({ code, stderr }).toMatchObject({ code: 0 });
    }
    admin = await own.admin();
  }, 120_000);
  afterAll(async () => {
    await admin?.close();
    await own?.drop();
  });

  let first = '';
  test('before the first one, everything says that there is none', async () => {
    expect(await verb('backup', 'list')).toMatchObject({ code: 0, stderr: expect.stringContaining('0 backups in') });
    expect(await verb('backup', 'verify')).toMatchObject({ code: 1 });
    expect(await verb('backup', 'drill')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('zava-mcp-server backup create'),
    });
    expect(await lastFullBackup(admin)).toBeUndefined();
  });

  test('one is made, listed with the rows of every table, verified, and told to the audit trail and the database', async () => {
    const made = await verb('backup', 'create', '--json');
    expect(made).toMatchObject({ code: 0, stderr: expect.stringMatching(/bytes of dump: .*sealed, uploaded and read back/s) });
    first = JSON.parse(made.stdout).name;
    const { backups, broken } = await list();
    expect(backups).toMatchObject([{ name: first, rows: { 'retail.customers': 200, 'retail.stores': 8 } }]);
    expect(broken).toEqual([]);
    expect(await verb('backup', 'verify', first)).toMatchObject({ code: 0 });
    const known = await lastFullBackup(admin);
    expect(known).toMatchObject({ name: first, restoreTest: 'never made' });
    expect(known?.ageSeconds).toBeLessThan(60);
    expect((await verb('audit', 'export')).stdout).toContain(`"action":"backup","outcome":"done","detail":{"name":"${first}"}`);
  });

  test('neither the store nor the dump holds key material, and the store no plain row', async () => {
    const { artefacts, catalogue } = await place();
    const manifest = await catalogue.read(first);
    const part = partOf(manifest, 'dump');
    if (part === undefined) throw new Error('no dump');
    const sql = await feedProgram(
      { path: join(programs ?? '', 'pg_restore'), args: ['--file=-'], env: {} },
      artefacts.read(part),
    );
    expect(sql).toContain('COPY retail.customers');
    expect(sql).not.toMatch(/COPY keys\.|CREATE TABLE keys\.|INSERT INTO keys\./);
    const keys = await admin.query(
      "SELECT encode(inner_pad, 'hex') AS i, encode(outer_pad, 'hex') AS o, encode(inner_pad, 'base64') AS b FROM keys.scope_keys",
    );
    expect(keys.length).toBeGreaterThan(1);
    for (const pad of keys.flatMap(({ i, o, b }) => [i ?? '', o ?? '', b?.slice(0, 40) ?? ''])) expect(sql).not.toContain(pad);
    for (const password of [env.POSTGRES_PASSWORD, env.POSTGRES_READER_PASSWORD, 'SCRAM-SHA-256'])
      expect(sql).not.toContain(password);
    for (const file of await readdir(store)) {
      const bytes = await readFile(join(store, file), 'latin1');
      for (const plain of ['PGDMP', 'retail', 'Zava Retail', '"version"']) expect(bytes).not.toContain(plain);
    }
  });

  test('one flipped byte is found by verify, by restore before anything changes, and by a drill', async () => {
    const file = join(store, `${first}.dump`);
    const good = await readFile(file);
    const bad = Buffer.from(good);
    bad[bad.byteLength - 1000] = (bad[bad.byteLength - 1000] ?? 0) ^ 4;
    await writeFile(file, bad);
    const target = await preparedDatabase('flipped');
    expect(await verb('backup', 'verify')).toMatchObject({ code: 1, stderr: expect.stringContaining(`FAILED  ${first}`) });
    expect(await verb('backup', 'restore', '--to', target)).toMatchObject({
      code: expect.toSatisfy((code) => code !== 0),
      stderr: expect.stringMatching(altered),
    });
    const drilled = await verb('backup', 'drill', '--json');
    expect(drilled.code).toBe(1);
    expect(JSON.parse(drilled.stdout)).toMatchObject({ passed: false, faults: [expect.stringMatching(altered)] });
    await writeFile(file, good);
    expect(await lastFullBackup(admin)).toMatchObject({ restoreTest: 'failed', verifiedAtSeconds: expect.any(Number) });
    expect(await scratchDatabases()).toEqual([]);
    await writeFile(file, good);
    // The target took nothing, so it takes the good one.
    expect(await verb('backup', 'restore', '--to', target)).toMatchObject({ code: 0 });
  }, 60_000);

  test('a drill restores, compares, proves, tells RPO and RTO, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await verb('backup', 'drill', '--json');
    expect(stderr).toMatch(/PASSED[\s\S]*RPO {2}[\d.]+ s[\s\S]*RTO {2}[\d.]+ s/);
    const report = JSON.parse(stdout);
    expect({ code, report }).toMatchObject({ code: 0, report: { backup: first, passed: true, faults: [] } });
    expect(report.rtoSeconds).toBeGreaterThan(0);
    expect(report.tables).toBeGreaterThan(20);
    expect(await scratchDatabases()).toEqual([]);
    expect(await lastFullBackup(admin)).toMatchObject({ restoreTest: 'passed' });
    const [row] = await admin.query('SELECT restore_ms FROM ops.backups WHERE name = $1', [first]);
    expect(Number(row?.restore_ms)).toBeGreaterThan(0);
  }, 60_000);

  test('a drill that is stopped drops its database and is neither passed nor failed', async () => {
    const running = startVerb(['backup', 'drill'], env);
    await expect.poll(scratchDatabases, { timeout: 30_000 }).toHaveLength(1);
    running.signal('SIGINT');
    expect(await running.done).toMatchObject({ code: 1, stderr: expect.stringContaining('Stopped by SIGINT') });
    expect(await scratchDatabases()).toEqual([]);
    expect(await lastFullBackup(admin)).toMatchObject({ restoreTest: 'passed' });
  }, 60_000);

  test('a drill that finds other rows than were saved fails, and names the tables', async () => {
    const { catalogue } = await place();
    const name = 'zava_backup_full_20200101_000000';
    const saved = await catalogue.read(first);
    const tables = { ...saved.tables, 'retail.stores': { rows: 9, digest: '0:0' }, 'retail.gone': { rows: 1, digest: '0:0' } };
    await catalogue.commit({ ...saved, name, takenAt: '2020-01-01T00:00:00.000Z', tables });
    const { code, stderr } = await verb('backup', 'drill', name);
    expect(code).toBe(1);
    expect(stderr).toMatch(/FAULT {2}retail\.gone is missing\nFAULT {2}retail\.stores has 8 rows where 9 were saved/);
    await rm(join(store, `${name}.manifest`));
  }, 60_000);

  test('a database with rows in it is never restored into unasked, and stays as it was', async () => {
    const before = await digests();
    const refused = await verb('backup', 'restore', first, '--to', own.database);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/is not empty.*--replace/s) });
    expect((await digests()).digests).toEqual(before.digests);
  });

  test('with --replace it is put back in one transaction, and a replacement that fails changes nothing', async () => {
    const target = await preparedDatabase('replaced');
    expect(await verb('backup', 'restore', '--to', target)).toMatchObject({ code: 0 });
    const url = new URL(own.env.POSTGRES_OWNER_URL ?? '');
    url.pathname = target;
    const owner = await openNamedSession(
      loadConfig({ serving: 'nothing' }, { ...env, POSTGRES_OWNER_URL: url.href }),
      'postgresOwnerUrl',
    );
    const customers = async () => (await owner.query('SELECT count(*)::text AS n FROM retail.customers'))[0]?.n;
    await owner.script('DELETE FROM retail.order_items; DELETE FROM retail.orders; DELETE FROM retail.customers');
    // The backup breaks off when most of it has been restored.
    const dump = join(store, `${first}.dump`);
    const good = await readFile(dump);
    await writeFile(dump, Buffer.concat([good.subarray(0, -2000), Buffer.alloc(2000)]));
    const failed = await verb('backup', 'restore', '--to', target, '--replace');
    await writeFile(dump, good);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(altered) });
    expect(await customers()).toBe('0');
    // The password comes from the owner's own setting: --to may leave it out.
    url.password = '';
    expect(await verb('backup', 'restore', '--to', url.href, '--replace')).toMatchObject({ code: 0 });
    expect(await customers()).toBe('200');
    const left = await owner.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%replaced'");
    expect(left).toEqual([]);
    await owner.close();
  }, 60_000);

  test.each([
    ['neither place', [], /Say where to restore to/, 2],
    ['both places', ['--to', 'x', '--to-directory', 'y'], /Say where to restore to/, 2],
    ['--replace for a folder', ['--to-directory', 'y', '--replace'], /belongs to --to/, 2],
    ['another kind of address', ['--to', 'mysql://x/y'], /not a connection string/, 2],
    ['a database that is not there', ['--to', 'nowhere_at_all'], /Cannot connect to .*nowhere_at_all/, 1],
    ['a folder, of a dump', ['--to-directory', join(folder, 'cluster')], /holds no base backup/, 2],
  ])('restore refuses %s', async (_what, flags, told, code) => {
    const outcome = await verb('backup', 'restore', first, ...flags);
    expect(outcome.stderr).toMatch(told);
    expect(outcome.code).toBe(code);
  });

  test('restore into a database that bootstrap has not prepared names what is missing', async () => {
    const bare = `${own.database}_bare`;
    await admin.script(`CREATE DATABASE ${bare} TEMPLATE template0 OWNER ${own.database}_owner`);
    const outcome = await verb('backup', 'restore', first, '--to', bare);
    expect(outcome).toMatchObject({ code: 78, stderr: expect.stringMatching(/lacks the schema keys.*bootstrap/s) });
    const { catalogue } = await place();
    const stranger = { ...(await catalogue.read(first)), name: 'zava_backup_full_20200101_000000', roles: ['zava_of_elsewhere'] };
    await catalogue.commit(stranger);
    const roles = await verb('backup', 'restore', stranger.name, '--to', bare);
    expect(roles.stderr).toContain('lacks the role zava_of_elsewhere, the schema keys');
    await rm(join(store, `${stranger.name}.manifest`));
  });

  describe('a backup that would lack rows is refused', () => {
    test.each([
      [
        'a tenant table whose policies hide rows from the operator',
        'CREATE POLICY p1 ON retail.hidden FOR SELECT TO PUBLIC USING (id > 1)',
      ],
      [
        'a restrictive policy beside the one that shows all',
        'CREATE POLICY p1 ON retail.hidden USING (true); CREATE POLICY p2 ON retail.hidden AS RESTRICTIVE USING (id > 1)',
      ],
      [
        'a table that the operator may not read',
        'REVOKE SELECT ON retail.hidden FROM {{operator}}; ALTER TABLE retail.hidden DISABLE ROW LEVEL SECURITY',
      ],
    ])('%s', async (_what, statements) => {
      await admin.script(`SET ROLE ${own.database}_owner; CREATE TABLE retail.hidden (id int);
        INSERT INTO retail.hidden VALUES (1), (2); ALTER TABLE retail.hidden ENABLE ROW LEVEL SECURITY;
        ${statements.replace('{{operator}}', `${own.database}_operator`)}; RESET ROLE`);
      const outcome = await verb('backup', 'create');
      await admin.script('DROP TABLE retail.hidden');
      expect(outcome).toMatchObject({ code: 78, stderr: expect.stringMatching(/cannot see every row: retail\.hidden/) });
      expect((await list()).backups.map(({ name }) => name)).toEqual([first]);
    });

    test('and a table that the owner makes later is in the next one without further ado', async () => {
      await admin.script(`SET ROLE ${own.database}_owner; CREATE TABLE retail.later (id int); RESET ROLE`);
      const { code, stdout } = await verb('backup', 'create', '--json');
      await admin.script('DROP TABLE retail.later');
      expect({ code, rows: JSON.parse(stdout).rows }).toMatchObject({ code: 0, rows: { 'retail.later': 0 } });
      for (const file of await readdir(store)) if (!file.startsWith(first)) await rm(join(store, file));
    });
  });

  test('an incremental one is refused by name where the server cannot, and none is faked', async () => {
    const outcome = await verb('backup', 'create', '--kind', 'incremental');
    expect(outcome.code).toBe(78);
    expect(outcome.stderr).toMatch(/There is no base backup|missing: /);
    expect((await verb('backup', 'create', '--kind', 'differential')).code).toBe(2);
    expect((await list()).backups).toHaveLength(1);
  });

  test('a pg_dump older than the server is refused, with the package to install', async () => {
    const old = join(folder, 'old');
    await rm(old, { recursive: true, force: true });
    await pgPrograms(old);
    await writeFile(join(old, 'pg_dump'), '#!/bin/sh\necho "pg_dump (PostgreSQL) 15.18"\n');
    const outcome = await runVerb(['backup', 'create'], { ...env, POSTGRES_BIN_DIR: old });
    expect(outcome).toMatchObject({ code: 78, stderr: expect.stringMatching(/pg_dump is of 15[\s\S]*postgresql-client-17/) });
  });

  test('while one is being taken, another is refused', async () => {
    const operator = await openNamedSession(loadConfig({ serving: 'nothing' }, env), 'postgresOperatorUrl');
    await operator.query('SELECT pg_advisory_lock(7282110539)');
    const outcome = await verb('backup', 'create');
    await operator.close();
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('Another backup of this database is being taken') });
  });

  test('one that is stopped takes back what it had stored, and its record says that it failed', async () => {
    const running = startVerb(['backup', 'create'], env);
    await expect
      .poll(() => admin.query("SELECT 1 AS one FROM ops.backups WHERE outcome = 'running'"), { interval: 5 })
      .toHaveLength(1);
    running.signal('SIGTERM');
    expect(await running.done).toMatchObject({ code: 1, stderr: expect.stringContaining('Stopped by SIGTERM') });
    expect((await readdir(store)).filter((file) => !file.startsWith(first))).toEqual([]);
    const [row] = await admin.query('SELECT outcome FROM ops.backups ORDER BY backup_id DESC LIMIT 1');
    expect(row?.outcome).toBe('failed');
  });

  test('kill -9 at any moment of a backup: what is listed is whole, and the next one clears up', async () => {
    const begun = performance.now();
    expect((await startProduct(['backup', 'create'], env).ended).code).toBe(0);
    const lastsMs = performance.now() - begun;
    for (let step = 1; step <= 5; step += 1) {
      const product = startProduct(['backup', 'create'], env);
      await sleep((lastsMs * (step + 3)) / 9);
      await product.stop('SIGKILL');
      const verified = await verb('backup', 'verify', '--json');
      expect({ step, code: verified.code }).toEqual({ step, code: 0 });
    }
    // The server notices that its clients are gone; the locks go with them.
    await expect.poll(async () => (await verb('backup', 'create')).code, { timeout: 15_000 }).toBe(0);
    const { backups, broken } = await list();
    expect(broken).toEqual([]);
    const recorded = await admin.query("SELECT name, outcome FROM ops.backups WHERE outcome IN ('running', 'done')");
    expect(recorded.filter(({ outcome }) => outcome === 'running')).toEqual([]);
    expect(recorded.map(({ name }) => name)).toEqual(expect.arrayContaining(backups.map(({ name }) => name)));
  }, 120_000);

  test('kill -9 at any moment of a restore: the database is as empty as it was, or whole', async () => {
    const counts = new Set<string>();
    for (let step = 1; step <= 3; step += 1) {
      const target = await preparedDatabase(`killed_${step}`);
      const product = startProduct(['backup', 'restore', first, '--to', target], env);
      await sleep(400 * step);
      await product.stop('SIGKILL');
      const session = () => admin.query('SELECT 1 AS one FROM pg_stat_activity WHERE datname = $1', [target]);
      await expect.poll(session, { timeout: 15_000 }).toEqual([]);
      const again = await verb('backup', 'restore', first, '--to', target);
      counts.add(
        again.code === 0 ? 'was empty' : /is not empty/.exec(again.stderr)?.[0] === undefined ? again.stderr : 'was whole',
      );
    }
    expect([...counts].filter((what) => what !== 'was empty' && what !== 'was whole')).toEqual([]);
  }, 120_000);

  test('prune removes what has expired and nothing that is young', async () => {
    const before = (await list()).backups.map(({ name }) => name);
    const { catalogue } = await place();
    const name = 'zava_backup_full_20200101_000000';
    const part = { role: 'dump', blob: `${name}.dump`, bytes: 3, sha256: 'a'.repeat(64) } as const;
    await writeFile(join(store, part.blob), 'old');
    await catalogue.commit({ ...(await catalogue.read(first)), name, takenAt: '2020-01-01T00:00:00.000Z', parts: [part] });
    const pruned = await verb('backup', 'prune', '--json');
    expect(JSON.parse(pruned.stdout)).toEqual({ removed: [name] });
    expect((await list()).backups.map((one) => one.name)).toEqual(before);
    expect((await readdir(store)).filter((file) => file.startsWith(name))).toEqual([]);
  });

  test('the schedule’s jobs take, test and keep backups as the commands do', async () => {
    const run = (name: string) => verb('jobs', 'run', name);
    const before = (await list()).backups.length;
    expect(await run('backup-full')).toMatchObject({ code: 0, stderr: expect.stringContaining('zava_backup_full_') });
    expect(await run('restore-test')).toMatchObject({ code: 0, stderr: expect.stringMatching(/restored in [\d.]+ s/) });
    expect(await run('backup-retention')).toMatchObject({ code: 0, stderr: expect.stringContaining('backups removed') });
    expect((await list()).backups.length).toBe(before + 1);
    expect(await lastFullBackup(admin)).toMatchObject({ restoreTest: 'passed' });
    expect((await verb('jobs', 'list')).stdout).toContain('BACKUP_BASE is not true');
  }, 60_000);

  test('drop, bootstrap, restore: the digests of seed --verify are those of before, and prove is clean', async () => {
    const before = await digests();
    await admin.close();
    const url = new URL(own.adminUrl);
    const elsewhere = { ...env, POSTGRES_OWNER_URL: url.href };
    url.password = encodeURIComponent(env.PGPASSWORD ?? '');
    const server = await openNamedSession(
      loadConfig({ serving: 'nothing' }, { ...elsewhere, POSTGRES_OWNER_URL: url.href }),
      'postgresOwnerUrl',
    );
    await server.script(`DROP DATABASE ${own.database} WITH (FORCE)`);
    await server.close();
    // What there is can be listed and verified without the database.
    expect((await verb('backup', 'verify', first)).code).toBe(0);
    expect((await verb('bootstrap', '--admin-url', own.adminUrl)).code).toBe(0);
    const restored = await verb('backup', 'restore', '--to', own.database, '--json');
    expect(restored).toMatchObject({ code: 0, stderr: expect.stringContaining('Next: zava-mcp-server migrate, then prove') });
    admin = await own.admin();
    expect((await verb('migrate')).stderr).toBe('The schema is up to date.\n');
    const after = await digests();
    expect(after).toMatchObject({ passed: true, digests: before.digests });
    const proof = await verb('prove', '--json');
    expect(JSON.parse(proof.stdout)).toMatchObject({ passed: true, findings: [] });
    expect((await verb('audit', 'verify')).stderr).toMatch(/The trail is whole|FAULT/);
  }, 60_000);
});
