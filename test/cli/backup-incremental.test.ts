import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from '../../src/app/adapters.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type OwnCluster, startOwnCluster } from '../support/own-cluster.ts';
import { pgPrograms, postgresRoot } from '../support/pg-programs.ts';
import { runVerb } from './command-line.ts';

const folder = await mkdtemp(join(tmpdir(), 'zava-incremental-'));
const root = await postgresRoot();
const programs = await pgPrograms(join(folder, 'bin'));
const stopping: OwnCluster[] = [];
afterAll(async () => {
  for (const cluster of stopping) await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

const summaries = ['summarize_wal = on', 'wal_level = replica', 'max_wal_senders = 4'];
const password = 'only for tests';

/** Settings of an installation on that cluster. */
function settingsOf({ port }: OwnCluster, target = 'store'): Record<string, string> {
  const login = (role: string) => `postgresql://zava_${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/zava`;
  return {
    ...{
      DATA_DIR: join(folder, 'data'),
      BACKUP_TARGET: join(folder, target),
      POSTGRES_BIN_DIR: programs ?? '',
      BACKUP_BASE: 'true',
    },
    ...{ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: String(port), POSTGRES_SSL_MODE: 'disable', POSTGRES_PASSWORD: password },
    ...{ POSTGRES_OWNER_URL: login('owner'), POSTGRES_OPERATOR_URL: login('operator') },
  };
}

const missing = root === undefined ? ' (no root of services:up to start servers from)' : '';
describe.skipIf(missing !== '' || programs === undefined)(
  `base and incremental backups of a PostgreSQL 17 of one's own${missing}`,
  () => {
    let cluster: OwnCluster;
    let env: Record<string, string> = {};
    const verb = (...args: string[]) => runVerb(args, env);
    const ask = async (one: OwnCluster, text: string) => {
      const session = await openSession(loadConfig({ serving: 'nothing' }, settingsOf(one)), one.adminUrl('zava'));
      return session.query(text).finally(() => session.close());
    };
    const names: string[] = [];
    const create = async (kind: string) => {
      const { code, stdout, stderr } = await verb('backup', 'create', '--kind', kind, '--json');
      expect({ code, stderr }).toMatchObject({ code: 0 });
      names.push(JSON.parse(stdout).name);
      // A name is a second's.
      await sleep(1000);
      return JSON.parse(stdout);
    };

    beforeAll(async () => {
      cluster = await startOwnCluster(root ?? '', summaries);
      stopping.push(cluster);
      env = settingsOf(cluster);
      for (const args of [['bootstrap', '--admin-url', cluster.adminUrl('postgres')], ['migrate'], ['seed', '--scale', '200']]) {
        const { code, stderr } = await verb(...args);
        expect({ code, stderr }).toMatchObject({ code: 0 });
      }
    }, 120_000);

    test('a full one holds a dump and a base, incremental ones build on it and are smaller, and all are verified', async () => {
      const full = await create('full');
      expect(full.parts.map(({ role }: { role: string }) => role)).toEqual(['dump', 'base', 'base_manifest']);
      await ask(cluster, "UPDATE retail.stores SET store_name = 'Zava Retail Seattle Centre' WHERE store_id = 1");
      const first = await create('incremental');
      await ask(cluster, 'DELETE FROM retail.inventory WHERE store_id = 8');
      const second = await create('incremental');
      expect([first.parent, second.parent]).toEqual([full.name, first.name]);
      expect(second.bytes).toBeLessThan(full.bytes / 2);
      const verified = await verb('backup', 'verify', second.name, '--json');
      expect(JSON.parse(verified.stdout).verdicts).toMatchObject(names.map((name) => ({ name, passed: true })));
    }, 120_000);

    test.each([
      ['the base alone', 0, 'Zava Retail Seattle', '3352'],
      ['the first incremental one', 1, 'Zava Retail Seattle Centre', '3352'],
      ['the second incremental one', 2, 'Zava Retail Seattle Centre', '2933'],
    ])(
      'a server starts on %s and has the rows of that moment',
      async (_what, index, store, inventory) => {
        const directory = join(folder, `restored-${index}`);
        const restored = await verb('backup', 'restore', names[index] ?? '', '--to-directory', directory);
        expect(restored).toMatchObject({ code: 0, stderr: expect.stringContaining('Start a server on that folder') });
        const again = await startOwnCluster(root ?? '', [], directory);
        stopping.push(again);
        const [row] = await ask(
          again,
          `SELECT (SELECT store_name FROM retail.stores WHERE store_id = 1) AS store,
      (SELECT count(*)::text FROM retail.inventory) AS inventory`,
        );
        expect(row).toEqual({ store, inventory });
      },
      120_000,
    );

    test('neither an existing folder nor a database is taken for a restore of them', async () => {
      const full = join(folder, 'full');
      await mkdir(full);
      await writeFile(join(full, 'mine'), '');
      expect(await verb('backup', 'restore', names[2] ?? '', '--to-directory', full)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('is not empty'),
      });
      expect(await readdir(full)).toEqual(['mine']);
      expect(await verb('backup', 'restore', names[2] ?? '', '--to', 'zava')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('holds no dump: it is an incremental backup'),
      });
    });

    test('the dump restores into a cluster that has never seen it: same digests, clean proof', async () => {
      const fresh = await startOwnCluster(root ?? '', []);
      stopping.push(fresh);
      const there = { ...settingsOf(fresh), DATA_DIR: join(folder, 'data-of-the-fresh-one') };
      // The keys of the backups come along, the rest of the old machine does not.
      await mkdir(join(there.DATA_DIR, 'keys'), { recursive: true });
      await copyFile(join(folder, 'data', 'keys', 'encryption.key'), join(there.DATA_DIR, 'keys', 'encryption.key'));
      const early = await runVerb(['backup', 'restore', names[0] ?? '', '--to', fresh.adminUrl('postgres')], there);
      expect(early.stderr).toMatch(/lacks the role zava_owner, .*the schema keys/);
      expect((await runVerb(['bootstrap', '--admin-url', fresh.adminUrl('postgres')], there)).code).toBe(0);
      expect(await runVerb(['backup', 'restore', names[0] ?? '', '--to', 'zava'], there)).toMatchObject({ code: 0 });
      const before = JSON.parse((await verb('seed', '--verify', '--scale', '200', '--json')).stdout).digests;
      const after = JSON.parse((await runVerb(['seed', '--verify', '--scale', '200', '--json'], there)).stdout);
      expect(after.passed).toBe(true);
      // The two that were changed since are as they were.
      const { stores: _s, inventory: _i, ...unchanged } = before;
      expect(after.digests).toMatchObject(unchanged);
      expect(after.digests.stores).not.toBe(before.stores);
      expect(JSON.parse((await runVerb(['prove', '--json'], there)).stdout)).toMatchObject({ passed: true, findings: [] });
    }, 120_000);

    test('without WAL summaries or the right to replicate, they are refused by name, and a full one is not faked', async () => {
      await ask(cluster, 'ALTER SYSTEM SET summarize_wal = off');
      await ask(cluster, 'SELECT pg_reload_conf()');
      await ask(cluster, 'ALTER ROLE zava_operator NOREPLICATION');
      await expect.poll(async () => (await ask(cluster, 'SHOW summarize_wal'))[0]?.summarize_wal).toBe('off');
      for (const kind of ['full', 'incremental']) {
        const { code, stderr } = await verb('backup', 'create', '--kind', kind);
        expect({ code, stderr }).toEqual({
          code: 78,
          stderr: expect.stringMatching(
            /not possible here; missing: summarize_wal = on, the attribute REPLICATION for zava_operator/,
          ),
        });
      }
      // Without the wish for a base, the dump is made.
      const plain = await runVerb(['backup', 'create', '--json'], { ...settingsOf(cluster, 'other'), BACKUP_BASE: 'false' });
      expect(JSON.parse(plain.stdout).parts.map(({ role }: { role: string }) => role)).toEqual(['dump']);
      const nothing = await runVerb(['backup', 'create', '--kind', 'incremental'], {
        ...settingsOf(cluster, 'other'),
        BACKUP_BASE: 'false',
      });
      expect(nothing.code).toBe(78);
    }, 60_000);
  },
);
