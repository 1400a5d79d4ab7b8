import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPlugins } from '../../src/app/load-plugins.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plugins-'));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, text = 'export default () => ({})') => writeFile(join(folder, name), text);
const refusal = (path = folder) => expect(loadPlugins(path)).rejects;

test('without PLUGINS_DIR nothing is loaded', async () => {
  expect(await loadPlugins(undefined)).toEqual([]);
});

test('the modules of the folder are loaded by name; what else it holds is for them to read', async () => {
  await put('b.mjs', "export default () => 'b'");
  await put('a.mjs', "import { word } from './shared/word.mjs'; export default () => word");
  await put('README.md', '# ours');
  await mkdir(join(folder, 'shared'));
  await put('shared/word.mjs', "export const word = 'a'");
  await put('shared/old.js', 'exports.word = 1');
  await put('notes.js.txt', 'not code');
  const plugins = await loadPlugins(folder);
  expect(plugins.map(({ file }) => file)).toEqual(['a.mjs', 'b.mjs']);
  expect(plugins.map(({ make }) => make({} as never))).toEqual(['a', 'b']);
});

describe('the start is refused, and the message says why', () => {
  test.each([
    ['a folder that is not there', () => join(folder, 'none'), /names no folder/],
    ['a path that depends on where the server starts', () => relative(process.cwd(), folder), /must be an absolute path/],
  ])('by %s', async (_name, path, message) => {
    await refusal(path()).toMatchObject({ code: 'misconfigured', message: expect.stringMatching(message) });
  });

  test('by a file where a folder is meant', async () => {
    await put('a.mjs');
    await refusal(join(folder, 'a.mjs')).toThrow(/names no folder/);
  });

  test.each(['a.js', 'a.ts', 'a.cjs', 'a.mts'])('by code that would silently not be loaded: %s', async (name) => {
    await put(name);
    await refusal().toThrow(`${join(folder, name)} is not loaded: a plug-in is an ES module, name it .mjs`);
  });

  test('by a file, a folder or a helper that everybody may write', async () => {
    await put('a.mjs');
    await chmod(join(folder, 'a.mjs'), 0o666);
    await refusal().toThrow(`${join(folder, 'a.mjs')} may be written by everybody`);
    await chmod(join(folder, 'a.mjs'), 0o644);
    await mkdir(join(folder, 'shared'));
    await put('shared/word.mjs');
    await chmod(join(folder, 'shared/word.mjs'), 0o646);
    await refusal().toThrow(/word\.mjs may be written/);
    await chmod(join(folder, 'shared/word.mjs'), 0o644);
    await chmod(folder, 0o777);
    await refusal().toThrow(`${folder} may be written by everybody`);
  });

  test('by a folder above in which everybody could put another in its place', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await chmod(folder, 0o777);
    await refusal(inner).toThrow(`${folder} may be written by everybody`);
    await chmod(folder, 0o1777);
    expect(await loadPlugins(inner)).toEqual([]);
  });

  test('by a link, wherever it leads', async () => {
    await put('a.mjs');
    await symlink('/etc/hostname', join(folder, 'b.mjs'));
    await refusal().toThrow(/b\.mjs is a link/);
    await rm(join(folder, 'b.mjs'));
    const link = `${folder}-link`;
    await symlink(folder, link);
    await refusal(link).toThrow(/names no folder/);
    await rm(link);
  });

  test('by a module that fails, and by one that gives no function', async () => {
    await put('a.mjs', "throw new Error('no licence')");
    await refusal().toThrow('a.mjs could not be loaded: no licence');
    await put('a.mjs', 'export const tool = 1');
    await put('a2.mjs', 'export default 1');
    await rm(join(folder, 'a.mjs'));
    await refusal().toThrow('a2.mjs has no default export that is a function');
  });

  test('with what to do', async () => {
    await refusal(join(folder, 'none')).toMatchObject({
      message: expect.stringMatching(/^The plug-ins are refused: /),
      hint: expect.stringContaining('start without PLUGINS_DIR'),
    });
  });

  test('by something that is no file', async () => {
    execFileSync('mkfifo', [join(folder, 'a.mjs')]);
    await refusal().toThrow(/a\.mjs is neither a file nor a folder/);
  });

  test('by all that is wrong at once', async () => {
    await put('a.js');
    await put('b.mjs');
    await chmod(join(folder, 'b.mjs'), 0o666);
    await refusal().toThrow(/b\.mjs may be written by everybody.*a\.js is not loaded/);
  });

  test('by a folder that holds far too much to be one of plug-ins', async () => {
    await Promise.all(Array.from({ length: 501 }, (_, index) => put(`${index}.txt`)));
    await refusal().toThrow(/more than 500/);
  });
});

test.skipIf(process.getuid?.() !== 0)('what belongs to another user is refused', async () => {
  const { chown } = await import('node:fs/promises');
  await put('a.mjs');
  await chown(join(folder, 'a.mjs'), 4242, 4242);
  await refusal().toThrow(/belongs to somebody else/);
});
