import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findTool } from '../../src/backup/pg-tools.ts';
import { ownedBy } from '../../src/backup/restore-dump.ts';
import { feedProgram, readProgram, runProgram } from '../../src/backup/run-program.ts';
import { compareTables } from '../../src/backup/snapshot.ts';
import { all, bytes } from './samples.ts';

const folder = await mkdtemp(join(tmpdir(), 'zava-programs-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(place: string, name: string, says: string): Promise<string> {
  await mkdir(join(folder, place), { recursive: true });
  const path = join(folder, place, name);
  await writeFile(path, `#!/bin/sh\n${says}\n`);
  await chmod(path, 0o755);
  return path;
}
const shell = (text: string, signal?: AbortSignal) => ({
  path: '/bin/sh',
  args: ['-c', text],
  env: { PATH: '/usr/bin:/bin' },
  signal,
});

test('the oldest program that is new enough is taken, from the search path or the places of distributions', async () => {
  for (const major of [15, 17, 18]) await program(`lib/${major}/bin`, 'pg_dump', `echo "pg_dump (PostgreSQL) ${major}.1"`);
  await program('path', 'pg_dump', 'echo "pg_dump (PostgreSQL) 16.9 (Debian)"');
  const places = { path: join(folder, 'path'), versionedDirs: [join(folder, 'lib'), join(folder, 'nowhere')] };
  for (const [least, found] of [
    [15, 15],
    [16, 16],
    [17, 17],
    [18, 18],
  ] as const)
    expect((await findTool('pg_dump', { least }, places)).major).toBe(found);
  expect((await findTool('pg_dump', { least: 15 }, { ...places, binDir: join(folder, 'lib/18/bin') })).major).toBe(18);
  await expect(findTool('pg_dump', { least: 19 }, places)).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching(/PostgreSQL 19 or later is needed, and .*path\/pg_dump is of 16/),
    hint: expect.stringContaining('postgresql-client-19'),
  });
  await program('broken', 'pg_combinebackup', 'exit 1');
  await expect(findTool('pg_combinebackup', { least: 17, most: 17 }, { binDir: join(folder, 'broken') })).rejects.toMatchObject({
    message: "There is no usable pg_combinebackup: PostgreSQL 17's own is needed",
    hint: expect.stringContaining('postgresql-17'),
  });
});

test('a program that fails half-way fails its reader, with its last words', async () => {
  await expect(all(readProgram(shell('echo half; echo "no room" >&2; exit 3')))).rejects.toMatchObject({
    message: 'sh failed: no room',
  });
  await expect(runProgram(shell('exit 4'))).rejects.toMatchObject({ message: 'sh failed: exit code 4' });
  await expect(runProgram({ path: join(folder, 'none'), args: [], env: {} })).rejects.toMatchObject({
    message: expect.stringContaining('ENOENT'),
  });
});

test('one that is stopped is ended, and a reader that leaves ends it', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('Ctrl-C')), 50);
  await expect(all(readProgram(shell('exec sleep 60', stop.signal)))).rejects.toThrow('Ctrl-C');
  await expect(runProgram(shell('exec sleep 60', AbortSignal.abort(new Error('before'))))).rejects.toThrow('before');
  for await (const piece of readProgram(shell('echo one; exec sleep 60'))) {
    expect(piece.toString()).toBe('one\n');
    break;
  }
});

test('a program gets all of its input; input that breaks off is never taken for the whole', async () => {
  expect(await feedProgram(shell('wc -c'), bytes('x'.repeat(100_000), 'y'))).toMatch(/^\s*100001\s*$/);
  const breaking = async function* () {
    yield Buffer.from('half');
    throw new Error('a byte was flipped');
  };
  const marker = join(folder, 'marker');
  await expect(feedProgram(shell(`cat > /dev/null; touch ${marker}`), breaking())).rejects.toThrow('a byte was flipped');
  await expect(runProgram(shell(`test -e ${marker}`))).rejects.toThrow('exit code 1');
  // The head is enough for a list of contents.
  expect(await feedProgram(shell('head -c 2'), bytes('x'.repeat(1_000_000), 'y'.repeat(1_000_000)))).toBe('xx');
});

test('what others than the owner own is left to bootstrap', () => {
  const contents =
    ';\n; Archive created at 2026\n;\n5; 2615 1 SCHEMA - retail zava_owner\n2; 3079 2 EXTENSION - vector \n9; 0 0 ACL pg_catalog FUNCTION set_config(text, text, boolean) postgres\n7; 1259 3 TABLE retail stores zava_owner\n8; 1259 3 TABLE retail stores not_zava_owner\n';
  expect(ownedBy('zava_owner', contents)).toBe(
    '5; 2615 1 SCHEMA - retail zava_owner\n7; 1259 3 TABLE retail stores zava_owner\n',
  );
  expect(() => ownedBy('other_owner', contents)).toThrow(expect.objectContaining({ code: 'misconfigured' }));
});

test('tables are compared by rows and digest, either way', () => {
  const saved = { a: { rows: 1, digest: '1:1' }, b: { rows: 2, digest: '2:2' }, c: { rows: 3, digest: '3:3' } };
  expect(compareTables(saved, saved)).toEqual([]);
  expect(
    compareTables(saved, { a: { rows: 1, digest: '1:2' }, b: { rows: 1, digest: '2:2' }, d: { rows: 0, digest: '0:0' } }),
  ).toEqual(['a has other rows than were saved', 'b has 1 rows where 2 were saved', 'c is missing', 'd is not in the backup']);
});
