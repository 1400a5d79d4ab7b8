import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/app/adapters.ts';
import { scopeKey } from '../../src/app/secrets.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { copyOfPreparedDataDir, newFolder, removeFolder } from '../e2e/product.ts';
import { runVerb, startVerb } from './command-line.ts';

let DATA_DIR = '';
beforeAll(async () => {
  DATA_DIR = await copyOfPreparedDataDir();
}, 120_000);
afterAll(() => removeFolder(DATA_DIR));

interface Report {
  readonly passed: boolean;
  readonly probes: readonly { readonly passed: boolean }[];
}

test('prove prints a report to be filed, for people and for machines', async () => {
  const text = await runVerb(['prove'], { DATA_DIR });
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toMatch(/PASSED/i);
  const machine = await runVerb(['prove', '--json'], { DATA_DIR });
  const report = JSON.parse(machine.stdout) as Report;
  expect(report.passed).toBe(true);
  expect(report.probes.length).toBeGreaterThan(10);
}, 60_000);

test.each(['SIGINT', 'SIGTERM'] as const)(
  'prove ends on %s without a report, and gives the database back',
  async (name) => {
    const verb = startVerb(['prove'], { DATA_DIR });
    await expect.poll(async () => await readdir(DATA_DIR), { interval: 5, timeout: 50_000 }).toContain('lock');
    verb.signal(name);
    const { code, stdout, stderr } = await verb.done;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`Stopped by ${name}`);
    await expect.poll(async () => await readdir(DATA_DIR)).not.toContain('lock');
  },
  30_000,
);

test('prove that has a database to make first leaves none behind when it is stopped', async () => {
  const own = await newFolder();
  const verb = startVerb(['prove'], { DATA_DIR: own });
  await expect.poll(() => verb.stderr(), { interval: 5, timeout: 50_000 }).toContain('Creating the embedded PostgreSQL');
  verb.signal('SIGINT');
  expect(await verb.done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Stopped by SIGINT') });
  expect(await readdir(own)).not.toContain('postgres');
  await removeFolder(own);
}, 60_000);

test('prove finds a wall that was taken down', async () => {
  const config = loadConfig({ serving: 'nothing' }, { DATA_DIR });
  const { database, session } = await openDatabase({ config, served: retailSchema, key: await scopeKey(config) });
  await session?.('owner').script('ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY');
  await database.close();
  const { code, stdout } = await runVerb(['prove', '--json'], { DATA_DIR });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ passed: false });
  expect(stdout).toContain('retail.orders');
}, 60_000);
