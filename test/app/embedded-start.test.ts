import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedStartOptions, startEmbedded } from '../../src/app/embedded-start.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { readMigrations } from '../../src/postgres/migrate.ts';
import { createScopeSigner, type ScopeSigningKey } from '../../src/postgres/scope-token.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
// @ts-expect-error plain JavaScript, without types
import { bundled } from '../../tools/bundle.mjs';
import { migrationsDirectory, signingKey } from '../support/databases.ts';

const regions = 'SELECT count(*) AS n FROM retail.regions';

describe('Starting on the embedded database', () => {
  let folder: string;
  let options: Omit<EmbeddedStartOptions, 'dataDir' | 'seed'>;
  const place = () => join(folder, 'zava');
  const seed = (session: OwnerSession) => session.script("INSERT INTO retail.regions VALUES (1, 'Here')");
  const mustNotSeed = () => Promise.reject(new Error('seeded again'));
  const start = (changes: Partial<EmbeddedStartOptions> = {}) =>
    startEmbedded({ ...options, dataDir: place(), seed: mustNotSeed, ...changes });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'start-'));
    options = { definition: retailDefinition, prefix: 'zava', migrations: await readMigrations(migrationsDirectory), signingKey };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('a seed that fails leaves nothing behind, not even what a killed start had left', async () => {
    await mkdir(join(place(), 'postgres.building', 'base'), { recursive: true });
    await writeFile(join(place(), 'postgres.building', 'PG_VERSION'), 'garbage');
    await writeFile(join(place(), 'lock'), '4194300 12345');
    const abort = async (session: OwnerSession) => {
      await seed(session);
      throw new Error('Ctrl-C');
    };
    await expect(start({ seed: abort })).rejects.toThrow('Ctrl-C');
    expect(await readdir(place())).toEqual([]);
  }, 60_000);

  test('an abort in the middle of the seed ends the start at once and keeps nothing', async () => {
    const dataDir = join(folder, 'aborted');
    const stop = new AbortController();
    const patient = () => {
      stop.abort(new Error('interrupted'));
      return new Promise<void>(() => {});
    };
    await expect(start({ dataDir, seed: patient, signal: stop.signal })).rejects.toThrow('interrupted');
    expect((await readdir(dataDir)).filter((name) => name !== 'postgres.building')).toEqual([]);
    await expect(start({ dataDir, seed, signal: AbortSignal.abort(new Error('at once')) })).rejects.toThrow('at once');
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
  }, 60_000);

  test('the next start makes the database, step by step', async () => {
    const steps: string[] = [];
    const { database, copy } = await start({ seed, onStep: (step) => steps.push(step) });
    expect(copy).toBe(false);
    expect(steps.length).toBe(3);
    expect(await database.query(regions)).toEqual([{ n: '1' }]);
    expect((await readdir(place())).sort()).toEqual(['lock', 'postgres', 'template.tar.gz']);
    await database.session('zava_owner').script("INSERT INTO retail.regions VALUES (2, 'Later')");
    await database.close();
    expect(existsSync(join(place(), 'lock'))).toBe(false);
  }, 60_000);

  test('a later start finds it as it was left and takes over the lock of a killed process; another process gets a copy', async () => {
    await writeFile(join(place(), 'lock'), '4194300 12345');
    const other: ScopeSigningKey = { kid: 'other', key: Buffer.alloc(32, 7) };
    const first = await start();
    expect(first.copy).toBe(false);
    expect(await first.database.query(regions)).toEqual([{ n: '2' }]);

    const stale = await start({ signingKey: other });
    expect(await stale.database.query(regions)).toEqual([{ n: '1' }]);
    await stale.database.close();
    await first.keepTemplate();

    const second = await start({ signingKey: other });
    expect(second.copy).toBe(true);
    expect(await second.database.query(regions)).toEqual([{ n: '2' }]);
    await second.keepTemplate();
    await second.database.session('zava_owner').script("INSERT INTO retail.regions VALUES (3, 'Nowhere')");
    const verified = async ({ database }: typeof first, key: ScopeSigningKey) =>
      (
        await database.runAsTenant({
          reader: 'reader',
          scopeToken: createScopeSigner({ signingKey: () => key, clock: systemClock })([1]),
          text: 'SELECT 1',
          limits: { maxRows: 1, maxBytes: 10 },
          timeoutMs: 5000,
        })
      ).verifiedTenantIds;
    expect([await verified(first, signingKey), await verified(first, other)]).toEqual([[1], []]);
    expect(await verified(second, other)).toEqual([1]);
    await second.database.close();

    expect(await first.database.query(regions)).toEqual([{ n: '2' }]);
    expect(existsSync(join(place(), 'lock'))).toBe(true);
    await first.database.close();
  }, 60_000);

  test('a migration that fails closes the database and gives the lock back', async () => {
    const bad = { version: options.migrations.length + 1, name: 'bad', text: 'SELECT 1/0', checksum: 'x', transactional: true };
    await expect(start({ migrations: [...options.migrations, bad] })).rejects.toMatchObject({ code: 'misconfigured' });
    expect(existsSync(join(place(), 'lock'))).toBe(false);
  }, 60_000);

  test('while another process still makes the database there is no copy to give', async () => {
    const dataDir = join(folder, 'making');
    await mkdir(dataDir);
    const stat = await readFile('/proc/1/stat', 'utf8');
    await writeFile(join(dataDir, 'lock'), `1 ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`);
    await expect(start({ dataDir })).rejects.toMatchObject({
      code: 'dependency_unavailable',
      message: expect.stringContaining(dataDir),
    });
    expect(await readdir(dataDir)).toEqual(['lock']);
  });

  test.each([
    ['16\n', '16'],
    [undefined, 'no'],
  ])('files of another version (%j) are left alone, and the error says what to do', async (content, told) => {
    const dataDir = join(folder, `version-${told}`);
    await mkdir(join(dataDir, 'postgres'), { recursive: true });
    if (content !== undefined) await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), content);
    await expect(start({ dataDir })).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining(`PostgreSQL ${told}, this release embeds 18`),
      hint: expect.stringContaining('DATA_DIR'),
    });
    expect(await readdir(dataDir)).toEqual(['postgres']);
  });

  test('a full disk is told as such and keeps nothing', async ({ skip }) => {
    const dataDir = join(folder, 'small');
    await mkdir(dataDir);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', dataDir], { stdio: 'ignore' });
    } catch {
      skip('only root can mount a small disk');
    }
    try {
      await expect(start({ dataDir, seed })).rejects.toMatchObject({
        code: 'misconfigured',
        message: expect.stringContaining('no room left'),
      });
      expect(await readdir(dataDir)).toEqual([]);
    } finally {
      execFileSync('umount', ['-l', dataDir]);
    }
  }, 60_000);

  test('a process killed in the middle of writing loses nothing that it had committed', async () => {
    const dataDir = join(folder, 'killed');
    await cp(place(), dataDir, { recursive: true });
    const source = (path: string): Promise<string> => bundled(`src/${path}.ts`);
    const program = `
      import { startEmbedded } from '${await source('app/embedded-start')}';
      import { readMigrations } from '${await source('postgres/migrate')}';
      import { retailDefinition } from '${await source('retail/definition')}';
      const { database } = await startEmbedded({
        dataDir: ${JSON.stringify(dataDir)}, definition: retailDefinition, prefix: 'zava', seed: () => {},
        migrations: await readMigrations(new URL('${migrationsDirectory}')), signingKey: { kid: 'test', key: Buffer.alloc(32, 1) },
      });
      const owner = database.session('zava_owner');
      for (let n = 10; ; n += 1) {
        await owner.script("INSERT INTO retail.regions VALUES (" + n + ", repeat('x', 5000) || " + n + ")");
        process.stdout.write(n + '\\n');
      }`;
    await writeFile(join(folder, 'writer.mjs'), program);
    const child = spawn(process.execPath, [join(folder, 'writer.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let written = '';
    child.stdout.on('data', (data) => {
      written += data;
      if (written.split('\n').length > 40) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const committed = Number(written.trim().split('\n').at(-1));
    const { database, copy } = await start({ dataDir });
    expect(copy).toBe(false);
    const [row] = await database.query(
      'SELECT count(*) AS n, max(region_id) AS last, bool_and(length(region_name) > 3) AS whole FROM retail.regions',
    );
    expect(committed).toBeGreaterThan(40);
    expect(Number(row?.last)).toBeGreaterThanOrEqual(committed);
    expect(Number(row?.n)).toBe(Number(row?.last) - 10 + 1 + 2);
    expect(row?.whole).toBe('t');
    await database.close();
  }, 60_000);
});
