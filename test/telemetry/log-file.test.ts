import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createLogFile } from '../../src/telemetry/log-file.ts';

const folder = await mkdtemp(join(tmpdir(), 'log-file-'));
afterAll(() => rm(folder, { recursive: true }));
const fresh = async () => join(await mkdtemp(join(folder, 'case-')), 'server.log');
const refuseFailure = (error: Error) => {
  throw error;
};

test('300 MB leave six files, none larger than 50 MB', async () => {
  const path = await fresh();
  const file = createLogFile({ path, onFailure: refuseFailure });
  const line = `${'x'.repeat(1024 * 1024 - 1)}\n`;
  for (let megabyte = 0; megabyte < 300; megabyte += 1) file.write(line);
  file.close();
  const names = await readdir(join(path, '..'));
  expect(names.sort()).toEqual(['server.log', 'server.log.1', 'server.log.2', 'server.log.3', 'server.log.4', 'server.log.5']);
  for (const name of names) expect((await stat(join(path, '..', name))).size).toBeLessThanOrEqual(50 * 1024 * 1024);
  await rm(join(path, '..'), { recursive: true });
});

test('rotation keeps every line, in order, the newest in the file without a number', async () => {
  const path = await fresh();
  const file = createLogFile({ path, maxBytes: 20, keep: 2, onFailure: refuseFailure });
  for (let index = 0; index < 6; index += 1) file.write(`line ${index} ü\n`);
  file.close();
  const texts = await Promise.all(['.2', '.1', ''].map((suffix) => readFile(path + suffix, 'utf8')));
  expect(texts).toEqual([0, 2, 4].map((index) => `line ${index} ü\nline ${index + 1} ü\n`));
});

test('a restart goes on where the last one stopped', async () => {
  const path = await fresh();
  await writeFile(path, '0123456789\n');
  const file = createLogFile({ path, maxBytes: 16, onFailure: refuseFailure });
  file.write('next\n');
  file.write('rotated\n');
  file.close();
  expect(await readFile(`${path}.1`, 'utf8')).toBe('0123456789\nnext\n');
  expect(await readFile(path, 'utf8')).toBe('rotated\n');
});

test('a line longer than the limit is kept whole', async () => {
  const path = await fresh();
  const file = createLogFile({ path, maxBytes: 4, onFailure: refuseFailure });
  file.write('longer than four\n');
  file.close();
  expect(await readFile(path, 'utf8')).toBe('longer than four\n');
});

test('the file is made in a folder that is not there yet, closed to others', async () => {
  const path = join(await fresh(), 'logs', 'server.log');
  const file = createLogFile({ path, onFailure: refuseFailure });
  file.write('x\n');
  file.close();
  expect((await stat(path)).mode & 0o007).toBe(0);
});

test('an unwritable path is told once, and the server goes on', async () => {
  const path = await fresh();
  await writeFile(path, '');
  const failures: Error[] = [];
  const file = createLogFile({ path: join(path, 'below-a-file.log'), onFailure: (error) => failures.push(error) });
  file.write('one\n');
  file.write('two\n');
  file.close();
  expect(failures).toHaveLength(1);
  expect(failures[0]?.message).toMatch(/ENOTDIR|EEXIST/);
});

test('nothing is made before the first line', async () => {
  const path = await fresh();
  createLogFile({ path, onFailure: refuseFailure }).close();
  expect(await readdir(join(path, '..'))).toEqual([]);
});
