import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyOfPreparedDataDir, newFolder, preparedScale, removeFolder } from '../e2e/product.ts';
import { runVerb, startVerb } from './command-line.ts';

let DATA_DIR = '';
const folders: string[] = [];
const freshFolder = async () => {
  const folder = await newFolder();
  folders.push(folder);
  return folder;
};

beforeAll(async () => {
  DATA_DIR = await copyOfPreparedDataDir();
  folders.push(DATA_DIR);
}, 120_000);
afterAll(() => Promise.all(folders.map(removeFolder)));

describe('seed on the embedded database', () => {
  test('refuses to touch rows that are there', async () => {
    const { code, stderr } = await runVerb(['seed', '--scale', '50'], { DATA_DIR });
    expect(code).toBe(2);
    expect(stderr).toMatch(/already has rows in .*customers.*--force/s);
  });

  test('--verify checks what is there, with digests, for people and for machines', async () => {
    const text = await runVerb(['seed', '--verify', '--scale', String(preparedScale)], { DATA_DIR });
    expect(text).toMatchObject({ code: 0, stdout: '' });
    expect(text.stderr).toMatch(/^sha256 {2}orders: [0-9a-f]{64}$/m);
    expect(text.stderr).not.toContain('FAILED');
    const machine = await runVerb(['seed', '--verify', '--scale', String(preparedScale), '--json'], { DATA_DIR });
    const report = JSON.parse(machine.stdout) as { passed: boolean; digests: Record<string, string> };
    expect(report.passed).toBe(true);
    expect(text.stderr).toContain(report.digests.orders);
  });

  test('--verify finds that the data are not those of the flags', async () => {
    const { code, stderr } = await runVerb(['seed', '--verify', '--scale', '201'], { DATA_DIR });
    expect(code).toBe(1);
    expect(stderr).toContain('FAILED');
  });

  test.each([
    ['--force in production', ['--force'], { ENVIRONMENT: 'production' }, /never runs in production/],
    ['two sizes at once', ['--full', '--scale', '3'], {}, /--full or --scale/],
    ['a day outside the calendar', ['--force', '--end-date', '2019-01-01'], {}, /2020-01-31/],
  ])('refuses %s', async (_what, flags, env, told) => {
    const { code, stderr } = await runVerb(['seed', ...flags], { DATA_DIR, ...env });
    expect(stderr).toMatch(told);
    expect(code).toBe(2);
  });

  test('--force replaces all rows, and the copies that other processes get have the new ones', async () => {
    const own = await copyOfPreparedDataDir();
    folders.push(own);
    const seeded = await runVerb(['seed', '--force', '--scale', '60', '--seed', '7', '--batch-size', '500', '--json'], {
      DATA_DIR: own,
    });
    expect(seeded.code).toBe(0);
    expect(JSON.parse(seeded.stdout)).toMatchObject({ rows: { customers: 60, stores: 8 } });
    expect(seeded.stderr).toMatch(/^customers: 60$/m);
    const verified = await runVerb(['seed', '--verify', '--scale', '60', '--seed', '7'], { DATA_DIR: own });
    expect(verified.code).toBe(0);
    expect((await readdir(own)).sort()).toEqual(['keys', 'postgres', 'template.tar.gz']);
  }, 60_000);

  test('an interrupted load leaves the rows as they were', async () => {
    const seeding = startVerb(['seed', '--force', '--scale', '400', '--batch-size', '100'], { DATA_DIR });
    await expect.poll(() => seeding.stderr(), { interval: 5, timeout: 50_000 }).toContain('products: 419');
    seeding.signal('SIGINT');
    const { code, stderr } = await seeding.done;
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped by SIGINT: what was not finished has been undone');
    expect(await runVerb(['seed', '--verify', '--scale', String(preparedScale)], { DATA_DIR })).toMatchObject({ code: 0 });
  }, 60_000);
});

describe('a new data directory', () => {
  test('is made with just the rows that seed asks for', async () => {
    const own = await freshFolder();
    const { code, stderr } = await runVerb(['seed', '--scale', '30'], { DATA_DIR: own });
    expect(code).toBe(0);
    expect(stderr).toMatch(/Creating the embedded PostgreSQL ….*customers: 30\n.*Loaded: .*customers 30/s);
    expect(await runVerb(['seed', '--verify', '--scale', '30'], { DATA_DIR: own })).toMatchObject({ code: 0 });
  }, 90_000);

  test('is left without a database when its making is interrupted', async () => {
    const own = await freshFolder();
    const token = startVerb(['token', '--role', 'store_manager', '--store', 'Seattle'], { DATA_DIR: own });
    await expect.poll(() => token.stderr(), { interval: 5, timeout: 60_000 }).toContain('customers: 2,000');
    token.signal('SIGTERM');
    expect(await token.done).toMatchObject({ code: 1, stdout: '' });
    expect(await readdir(own)).toEqual(['keys']);
  }, 90_000);

  test('of another PostgreSQL version is refused with the way out', async () => {
    const own = await freshFolder();
    await mkdir(join(own, 'postgres'));
    await writeFile(join(own, 'postgres', 'PG_VERSION'), '15\n');
    const { code, stderr } = await runVerb(['serve'], { DATA_DIR: own });
    expect(code).toBe(78);
    expect(stderr).toMatch(/is of PostgreSQL 15, this release embeds 18\nSet DATA_DIR to another folder/);
    expect(existsSync(join(own, 'lock'))).toBe(false);
  });
});

describe('token', () => {
  const claimsOf = async (...args: string[]) => {
    const { code, stdout, stderr } = await runVerb(['token', ...args], { DATA_DIR });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    return decodeJwt(stdout.trim());
  };

  test('of a store manager carries the key of the store, by full name, last word or key', async () => {
    const byWord = await claimsOf('--role', 'store_manager', '--store', 'seattle', '--subject', 'anna', '--ttl', '60');
    expect(byWord).toMatchObject({ sub: 'anna', aud: 'mcp-server', iss: 'zava-auth', roles: ['store_manager'] });
    expect((byWord.exp ?? 0) - (byWord.iat ?? 0)).toBe(60);
    const [key = ''] = byWord.allowed_stores as string[];
    expect(await claimsOf('--role', 'store_manager', '--store', 'Zava Retail Seattle')).toMatchObject({ allowed_stores: [key] });
    expect(await claimsOf('--role', 'store_manager', '--store', key)).toMatchObject({ allowed_stores: [key] });
  });

  test('of a regional manager carries the regions as the database spells them', async () => {
    const claims = await claimsOf('--role', 'regional_manager', '--region', 'puget sound');
    expect(claims).toMatchObject({ allowed_regions: ['Puget Sound'], allowed_stores: [] });
  });

  test('of head office needs no database', async () => {
    const own = await freshFolder();
    const { code, stdout } = await runVerb(['token', '--role', 'super_admin'], { DATA_DIR: own });
    expect({ code, roles: decodeJwt(stdout.trim()).roles }).toEqual({ code: 0, roles: ['super_admin'] });
    expect(await readdir(own)).toEqual(['keys']);
  });

  test.each([
    ['an unknown role', ['--role', 'owner'], /no role called "owner".*super_admin, regional_manager, store_manager/s],
    ['an unknown store', ['--role', 'store_manager', '--store', 'Paris'], /no tenant called "Paris".*Zava Retail Seattle/s],
    ['an unknown region', ['--role', 'regional_manager', '--region', 'Mars'], /no group called "Mars".*Puget Sound/s],
    ['a store manager without a store', ['--role', 'store_manager'], /sees only what is named/],
    ['head office with a store', ['--role', 'super_admin', '--store', 'Seattle'], /cannot narrow it/],
  ])('refuses %s', async (_what, args, told) => {
    const { code, stdout, stderr } = await runVerb(['token', ...args], { DATA_DIR });
    expect(stderr).toMatch(told);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('is refused in production', async () => {
    const { code, stderr } = await runVerb(['token', '--role', 'super_admin'], { DATA_DIR, ENVIRONMENT: 'production' });
    expect(code).toBe(78);
    expect(stderr).toMatch(/development issuer never runs in production/);
  });
});

describe('migrate and bootstrap', () => {
  test('migrate needs the owner of a real database, and says how to name it', async () => {
    const { code, stderr } = await runVerb(['migrate'], { DATA_DIR });
    expect(code).toBe(78);
    expect(stderr).toContain('Set POSTGRES_OWNER_URL=postgresql://');
  });

  test('bootstrap refuses what is no connection string', async () => {
    const { code, stderr } = await runVerb(['bootstrap', '--admin-url', 'localhost'], { DATA_DIR });
    expect(code).toBe(2);
    expect(stderr).toContain('PGPASSWORD');
  });

  test.each([['bootstrap', '--admin-url', 'postgresql://root@127.0.0.1:9/postgres'], ['seed']])(
    '%s names the server that does not answer',
    async (...args) => {
      const POSTGRES_OWNER_URL = 'postgresql://zava_owner:x@127.0.0.1:9/zava';
      const { code, stderr } = await runVerb(args, { DATA_DIR, POSTGRES_HOST: '127.0.0.1', POSTGRES_OWNER_URL });
      expect(code).toBe(1);
      expect(stderr).toContain('127.0.0.1:9');
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );
});
