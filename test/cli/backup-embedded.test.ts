import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyOfPreparedDataDir, preparedScale, removeFolder } from '../e2e/product.ts';
import { runVerb, startVerb } from './command-line.ts';

const folder = await mkdtemp(join(tmpdir(), 'zava-embedded-backups-'));
const store = join(folder, 'store');
let DATA_DIR = '';
let name = '';
const verb = (...args: string[]) => runVerb(args, { DATA_DIR, BACKUP_TARGET: store });
const digests = async (place: string) =>
  JSON.parse((await runVerb(['seed', '--verify', '--scale', String(preparedScale), '--json'], { DATA_DIR: place })).stdout)
    .digests;

beforeAll(async () => {
  DATA_DIR = await copyOfPreparedDataDir();
}, 120_000);
afterAll(() => Promise.all([removeFolder(DATA_DIR), removeFolder(folder)]));

test('a backup of the embedded database is a copy of it, counted in the copy', async () => {
  const { code, stdout, stderr } = await verb('backup', 'create', '--json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const made = JSON.parse(stdout);
  name = made.name;
  expect(made).toMatchObject({ kind: 'full', parts: [{ role: 'cluster' }], rows: { 'retail.customers': preparedScale } });
  expect(await verb('backup', 'verify')).toMatchObject({ code: 0, stderr: expect.stringContaining(`passed  ${name}`) });
}, 60_000);

test('a drill opens it in memory, compares and proves it', async () => {
  const { code, stdout } = await verb('backup', 'drill', '--json');
  expect({ code, report: JSON.parse(stdout) }).toMatchObject({ code: 0, report: { backup: name, passed: true, faults: [] } });
}, 60_000);

test('restored into a new folder it is the same database, once the keys of the old one are beside it', async () => {
  const restored = join(folder, 'restored');
  expect(await verb('backup', 'restore', name, '--to-directory', restored)).toMatchObject({ code: 0 });
  await cp(join(DATA_DIR, 'keys'), join(restored, 'keys'), { recursive: true });
  expect(await digests(restored)).toEqual(await digests(DATA_DIR));
  expect(JSON.parse((await runVerb(['prove', '--json'], { DATA_DIR: restored })).stdout)).toMatchObject({ passed: true });
  expect(await verb('backup', 'restore', name, '--to-directory', restored)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is not empty'),
  });
}, 120_000);

test('it is restored into no database of a server, and has no incremental ones', async () => {
  const url = 'postgresql://nobody@127.0.0.1:9/x';
  expect((await verb('backup', 'restore', name, '--to', url)).stderr).toMatch(/Cannot connect|holds no dump/);
  expect(await verb('backup', 'create', '--kind', 'incremental')).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('no incremental backups'),
  });
}, 60_000);

test('stopped, neither a backup nor a restore leaves anything', async () => {
  const before = await readdir(store);
  const running = startVerb(['backup', 'create'], { DATA_DIR, BACKUP_TARGET: store });
  await expect.poll(() => running.stderr(), { interval: 2, timeout: 50_000 }).toMatch(/tables counted|sealed/);
  running.signal('SIGINT');
  const { code } = await running.done;
  // It may have been quicker than the signal: then it is whole.
  expect((await readdir(store)).length).toBe(before.length + (code === 0 ? 2 : 0));
  expect((await verb('backup', 'verify')).code).toBe(0);
  const place = join(folder, 'stopped');
  const restoring = startVerb(['backup', 'restore', name, '--to-directory', place], { DATA_DIR, BACKUP_TARGET: store });
  await expect.poll(() => existsSync(join(place, 'postgres.building')), { interval: 2, timeout: 50_000 }).toBe(true);
  restoring.signal('SIGINT');
  expect((await restoring.done).code).toBe(1);
  expect(existsSync(place)).toBe(false);
}, 60_000);
