import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';

/** More than any such folder needs: somebody named one that is not theirs. */
const mostEntries = 500;

export interface TrustedFolder {
  /** All that is in it, by path within, in order. */
  readonly names: readonly string[];
  /** What is wrong; a folder with faults must not be used. */
  readonly faults: readonly string[];
}

/** A folder whose content decides what the server does: nobody but root and the server's own user may be able to write any of it. */
export async function inspectTrustedFolder(setting: string, directory: string): Promise<TrustedFolder> {
  const unusable = (fault: string) => ({ names: [], faults: [fault] });
  if (!isAbsolute(directory)) {
    return unusable(
      `${setting} must be an absolute path, not ${directory}: what is loaded may not depend on where the server starts`,
    );
  }
  const folder = await statusOf(directory);
  if (!folder?.isDirectory()) return unusable(`${setting} names no folder: ${directory}`);
  const names = (await readdir(directory, { recursive: true })).sort();
  if (names.length > mostEntries) return unusable(`${setting} holds more than ${mostEntries} files: ${directory}`);
  const found = await Promise.all([
    ...foldersAbove(directory).map(aboveFault),
    entryFault(setting, directory, folder),
    ...names.map(async (name) => entryFault(setting, join(directory, name), await statusOf(join(directory, name)))),
  ]);
  return { names, faults: found.filter((fault) => fault !== undefined) };
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

function entryFault(setting: string, path: string, status: Stats | undefined): string | undefined {
  if (status === undefined) return `${path} cannot be read`;
  if (status.isSymbolicLink()) return `${path} is a link: what is loaded comes from ${setting} alone, so copy what it names`;
  if (!status.isFile() && !status.isDirectory()) return `${path} is neither a file nor a folder`;
  if (process.platform === 'win32') return undefined;
  if (isWorldWritable(status)) return `${path} may be written by everybody (chmod o-w)`;
  const owners = [0, process.getuid?.()];
  return owners.includes(status.uid) ? undefined : `${path} belongs to somebody else than root and the server's own user`;
}
