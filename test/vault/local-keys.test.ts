import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createLocalKeys } from '../../src/vault/local-keys.ts';

const folder = await mkdtemp(join(tmpdir(), 'local-keys-'));
afterAll(() => rm(folder, { recursive: true }));

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

test('a key is made once and read ever after', async () => {
  const directory = join(folder, 'deep', 'keys');
  expect(await createLocalKeys(directory).loadOrCreate('a.key', async () => 'first')).toBe('first');
  expect(await createLocalKeys(directory).loadOrCreate('a.key', async () => 'second')).toBe('first');
  expect(await createLocalKeys(directory).loadOrCreate('b.key', async () => 'other')).toBe('other');
});

test('only its owner can read it', async () => {
  const directory = join(folder, 'private');
  await mkdir(directory, { mode: 0o755 });
  await createLocalKeys(directory).loadOrCreate('a.key', async () => 'secret');
  expect(await modeOf(directory)).toBe('700');
  expect(await modeOf(join(directory, 'a.key'))).toBe('600');
});

test('of many that start at once all get the same whole key, and no rest stays behind', async () => {
  const directory = join(folder, 'race');
  const starts = Array.from({ length: 20 }, (_, i) =>
    createLocalKeys(directory).loadOrCreate('a.key', async () => `key ${i} `.repeat(500)),
  );
  const keys = new Set(await Promise.all(starts));
  expect(keys.size).toBe(1);
  expect([...keys][0]).toBe(await readFile(join(directory, 'a.key'), 'utf8'));
  expect(await readdir(directory)).toEqual(['a.key']);
});

test('a key that others can read is refused with the remedy', async () => {
  const path = join(folder, 'open.key');
  await writeFile(path, 'secret');
  await chmod(path, 0o640);
  await expect(createLocalKeys(folder).loadOrCreate('open.key', async () => 'new')).rejects.toMatchObject({
    code: 'misconfigured',
    hint: expect.stringContaining(`chmod 600 ${path}`),
  });
});

test('a failed creation leaves nothing behind', async () => {
  const directory = join(folder, 'failing');
  const failing = createLocalKeys(directory).loadOrCreate('a.key', () => Promise.reject(new Error('no entropy')));
  await expect(failing).rejects.toThrow('no entropy');
  expect(await readdir(folder)).not.toContain('failing');
});

test('a key that another process made in the meantime wins', async () => {
  const keys = createLocalKeys(join(folder, 'overtaken'));
  const create = async () => {
    await keys.loadOrCreate('a.key', async () => 'theirs');
    return 'ours';
  };
  expect(await keys.loadOrCreate('a.key', create)).toBe('theirs');
});

test('a place that cannot hold keys is named with the setting to change', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  await expect(createLocalKeys(join(file, 'keys')).loadOrCreate('a.key', async () => 'x')).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('(ENOTDIR)'),
    hint: expect.stringContaining('DATA_DIR'),
  });
});

test('a name taken by a folder is an error and leaves no rest', async () => {
  const directory = join(folder, 'odd');
  await mkdir(join(directory, 'a.key'), { recursive: true, mode: 0o700 });
  const loading = createLocalKeys(directory).loadOrCreate('a.key', async () => 'x');
  await expect(loading).rejects.toMatchObject({ code: 'misconfigured', message: expect.stringContaining('(EISDIR)') });
  expect(await readdir(directory)).toEqual(['a.key']);
});

test('a key is replaced whole, in a folder that is closed to others, and read without being made', async () => {
  const directory = join(folder, 'replaced');
  const keys = createLocalKeys(directory);
  expect(await keys.read('a.key')).toBeUndefined();
  await keys.replace('a.key', 'first');
  await keys.replace('a.key', 'second');
  expect(await keys.read('a.key')).toBe('second');
  expect(await readdir(directory)).toEqual(['a.key']);
  expect([await modeOf(directory), await modeOf(join(directory, 'a.key'))]).toEqual(['700', '600']);
});
