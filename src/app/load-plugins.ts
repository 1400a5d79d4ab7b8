import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../core/errors.ts';
import type { MakePlugin } from '../mcp/plugins/plugin-definition.ts';
import type { Plugin } from '../mcp/plugins/plugin-tool.ts';

/** More than any plug-ins need: somebody named a folder that is not theirs. */
const mostEntries = 500;

/**
 * Loads the plug-ins of PLUGINS_DIR: the `.mjs` files in it, once, at the start. They are the operator's code and run with all
 * rights of this process, so nobody else may be able to write any of it. Throws `misconfigured` with everything that is wrong.
 */
export async function loadPlugins(directory: string | undefined): Promise<Plugin[]> {
  if (directory === undefined) return [];
  if (!isAbsolute(directory)) {
    throw refused([
      `PLUGINS_DIR must be an absolute path, not ${directory}: what is loaded may not depend on where the server starts`,
    ]);
  }
  const folder = await statusOf(directory);
  if (!folder?.isDirectory()) throw refused([`PLUGINS_DIR names no folder: ${directory}`]);
  const names = (await readdir(directory, { recursive: true })).sort();
  if (names.length > mostEntries) throw refused([`PLUGINS_DIR holds more than ${mostEntries} files: ${directory}`]);
  const faults = [
    ...(await Promise.all(foldersAbove(directory).map(aboveFault))),
    entryFault(directory, folder),
    ...(await Promise.all(names.map(async (name) => entryFault(join(directory, name), await statusOf(join(directory, name)))))),
    ...names.map((name) => nameFault(directory, name)),
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0) throw refused(faults);
  const files = names.filter((name) => dirname(name) === '.' && extname(name) === '.mjs');
  return Promise.all(files.map((file) => load(directory, file)));
}

const statusOf = (path: string): Promise<Stats | undefined> => lstat(path).catch(() => undefined);

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

const isWorldWritable = ({ mode }: Stats) => (mode & 0o002) !== 0;

/** Whoever may write there could put another folder in the place of this one; not so where names belong to their owners (1777). */
async function aboveFault(path: string): Promise<string | undefined> {
  const status = await statusOf(path);
  const open = status !== undefined && isWorldWritable(status) && (status.mode & 0o1000) === 0;
  return open ? `${path} may be written by everybody (chmod o-w)` : undefined;
}

function entryFault(path: string, status: Stats | undefined): string | undefined {
  if (status === undefined) return `${path} cannot be read`;
  if (status.isSymbolicLink()) return `${path} is a link: plug-ins are loaded from PLUGINS_DIR alone, so copy what it names`;
  if (!status.isFile() && !status.isDirectory()) return `${path} is neither a file nor a folder`;
  if (process.platform === 'win32') return undefined;
  if (isWorldWritable(status)) return `${path} may be written by everybody (chmod o-w)`;
  const owners = [0, process.getuid?.()];
  return owners.includes(status.uid) ? undefined : `${path} belongs to somebody else than root and the server's own user`;
}

/** In the folder itself, code that would silently not be loaded is a mistake. */
function nameFault(directory: string, name: string): string | undefined {
  if (dirname(name) !== '.' || !/\.(c?[jt]s|mts|jsx|tsx)$/.test(name)) return undefined;
  return `${join(directory, name)} is not loaded: a plug-in is an ES module, name it .mjs`;
}

async function load(directory: string, file: string): Promise<Plugin> {
  let made: { readonly default?: unknown };
  try {
    made = await import(pathToFileURL(join(directory, file)).href);
  } catch (cause) {
    throw refused([`${file} could not be loaded: ${cause instanceof Error ? cause.message : cause}`], cause);
  }
  if (typeof made.default !== 'function') throw refused([`${file} has no default export that is a function`]);
  return { file, make: made.default as MakePlugin };
}

function refused(faults: readonly string[], cause?: unknown): AppError {
  return new AppError('misconfigured', `The plug-ins are refused: ${faults.join('; ')}`, {
    hint: 'Mend it, or start without PLUGINS_DIR. docs/how-to/add-a-tool.md says what is asked of plug-ins.',
    cause,
  });
}
