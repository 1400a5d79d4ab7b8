import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Diagnosis } from '../../src/health/diagnose.ts';
import { copyOfPreparedDataDir, newFolder, removeFolder } from '../e2e/product.ts';
import { runVerb, startVerb } from './command-line.ts';

let DATA_DIR = '';
/** Where nobody listens. */
let PORT = '';
beforeAll(async () => {
  DATA_DIR = await copyOfPreparedDataDir();
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  PORT = String((probe.address() as AddressInfo).port);
  await new Promise((resolve) => probe.close(resolve));
}, 120_000);
afterAll(() => removeFolder(DATA_DIR));

/** Without the model, which takes seconds to load, unless `env` asks for one. */
async function diagnosis(env: Record<string, string> = {}) {
  const { code, stdout } = await runVerb(['doctor', '--json'], { DATA_DIR, PORT, EMBEDDER: 'none', ...env });
  const { checks, ok } = JSON.parse(stdout) as Diagnosis;
  return { code, ok, checks, statusOf: (name: string) => checks.find((check) => check.name === name)?.status };
}

test('doctor finds a sound installation sound, and asks a server of its own where none runs', async () => {
  const { code, ok, checks, statusOf } = await diagnosis({ EMBEDDER: 'local' });
  expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
  expect({ code, ok, asked: checks.length }).toEqual({ code: 0, ok: true, asked: 8 });
  for (const name of ['database', 'row-level security', 'embedder', 'server']) expect(statusOf(name)).toBe('ok');
  const text = await runVerb(['doctor'], { DATA_DIR, PORT, EMBEDDER: 'none' });
  expect(text.stdout).not.toContain('failed');
  expect(text).toMatchObject({ code: 0, stderr: '' });
  for (const { name } of checks) expect(text.stdout).toContain(name);
}, 60_000);

test('doctor asks the own server without a token where no development issuer is there', async () => {
  const { statusOf } = await diagnosis({ DEV_ISSUER: 'false' });
  expect([statusOf('server'), statusOf('embedder')]).toEqual(['ok', 'not applicable']);
}, 60_000);

test('doctor asks the server that runs at the address, and tells that it is not ours', async () => {
  const other = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { code, statusOf } = await diagnosis({ PORT: String((other.address() as AddressInfo).port) });
  await new Promise((resolve) => other.close(resolve));
  expect({ code, server: statusOf('server'), database: statusOf('database') }).toEqual({
    code: 1,
    server: 'failed',
    database: 'ok',
  });
}, 60_000);

test('faulty settings and a database that does not answer are findings, each with a remedy', async () => {
  const env = { POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '9', POSTGRES_PASSWORD: 'x', POSTGRES_SSL_MODE: 'perhaps' };
  const { code, checks, statusOf } = await diagnosis(env);
  expect(code).toBe(1);
  for (const name of ['settings', 'database', 'row-level security', 'server']) expect(statusOf(name)).toBe('failed');
  for (const { remedy } of checks.filter(({ status }) => status === 'failed')) expect(remedy).toMatch(/\w/);
}, 60_000);

test('a signing key that nobody can have is a finding', async () => {
  const { code, statusOf } = await diagnosis({ SCOPE_SIGNING_KEY_SECRET_NAME: 'NOT_THERE' });
  expect({ code, database: statusOf('database') }).toEqual({ code: 1, database: 'failed' });
}, 60_000);

test('doctor ends on Ctrl-C without a diagnosis, and gives the database back', async () => {
  const verb = startVerb(['doctor'], { DATA_DIR, PORT });
  await expect.poll(async () => await readdir(DATA_DIR), { interval: 5, timeout: 50_000 }).toContain('lock');
  verb.signal('SIGINT');
  const { code, stdout, stderr } = await verb.done;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('Stopped by SIGINT');
  await expect.poll(async () => await readdir(DATA_DIR)).not.toContain('lock');
});

test('doctor that is stopped while a database is being made leaves none behind', async () => {
  const own = await newFolder();
  const verb = startVerb(['doctor'], { DATA_DIR: own, PORT });
  await expect.poll(() => verb.stderr(), { interval: 5, timeout: 50_000 }).toContain('Creating the embedded PostgreSQL');
  verb.signal('SIGTERM');
  expect(await verb.done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Stopped by SIGTERM') });
  expect(await readdir(own)).not.toContain('postgres');
  await removeFolder(own);
}, 60_000);
