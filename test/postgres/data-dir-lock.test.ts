import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDataDir } from '../../src/postgres/data-dir-lock.ts';

describe('The lock of a data directory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const file = () => join(directory, 'lock');

  test('is given once, and again after its release', async () => {
    const lock = await lockDataDir(directory);
    expect(lock).toBeDefined();
    expect(await lockDataDir(directory)).toBeUndefined();
    await lock?.release();
    expect(await readdir(directory)).toEqual([]);
    expect(await lockDataDir(directory)).toBeDefined();
  });

  test('names its holder and when that process began', async () => {
    await lockDataDir(directory);
    expect(await readFile(file(), 'utf8')).toMatch(new RegExp(`^${process.pid}( \\d+)?$`));
  });

  test('goes to exactly one of many who want it at once', async () => {
    const locks = await Promise.all(Array.from({ length: 20 }, () => lockDataDir(directory)));
    expect(locks.filter((lock) => lock !== undefined).length).toBe(1);
  });

  test('of a killed process goes to exactly one of many', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
    await writeFile(file(), `${child.pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`);
    expect(await lockDataDir(directory)).toBeUndefined();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const locks = await Promise.all(Array.from({ length: 10 }, () => lockDataDir(directory)));
    expect(locks.filter((lock) => lock !== undefined).length).toBe(1);
    expect(await readdir(directory)).toEqual(['lock']);
  });

  test.each([
    ['a process that is gone', '4194300 1'],
    ['another process with the same id', `${process.pid} 1`],
    ['nobody', 'nobody at all'],
    ['a writer killed over it', ''],
  ])('of %s is taken over', async (_name, holder) => {
    await writeFile(file(), holder);
    expect(await lockDataDir(directory)).toBeDefined();
    expect(await readFile(file(), 'utf8')).toContain(String(process.pid));
  });

  test('is not taken from one who is just writing it', async () => {
    await writeFile(file(), '');
    const other = lockDataDir(directory);
    await new Promise((resolve) => setTimeout(resolve, 40));
    const stat = await readFile('/proc/1/stat', 'utf8');
    await writeFile(file(), `1 ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`);
    expect(await other).toBeUndefined();
  });

  test('says what is wrong with a directory that cannot hold it', async () => {
    await expect(lockDataDir(join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
