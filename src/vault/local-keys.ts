import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { replaceSecretFile } from './replace-file.ts';

/**
 * Keys that never leave this machine, one file each (mode 0600) in a folder of their own (mode 0700). The first caller's key
 * is everybody's: of several processes that start at once all get the same, and none ever reads half a file.
 */
export function createLocalKeys(directory: string) {
  const loadOrCreate = async (name: string, create: () => Promise<string>): Promise<string> => {
    const path = join(directory, name);
    const present = await onDisk(directory, () => readPrivate(path));
    if (present !== undefined) return present;
    const made = await create();
    const published = await onDisk(directory, () => publish(directory, path, made));
    return published ? made : loadOrCreate(name, create);
  };
  return {
    loadOrCreate,
    /** Undefined where there is no such key. */
    read: (name: string) => onDisk(directory, () => readPrivate(join(directory, name))),
    replace: (name: string, text: string) =>
      onDisk(directory, async () => {
        await makeFolder(directory);
        await replaceSecretFile(join(directory, name), text);
      }),
  };
}
export type LocalKeys = ReturnType<typeof createLocalKeys>;

/**
 * Writes aside and links into place: a link fails where a file is already, a rename would replace it.
 * False when another process was first.
 */
async function publish(directory: string, path: string, text: string): Promise<boolean> {
  await makeFolder(directory);
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await link(aside, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await file.close();
    await rm(aside);
  }
}

async function makeFolder(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
}

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    // Windows has no such mode bits; there the folder's access list counts.
    const open = process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0;
    if (open) throw readableByOthers(path);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
}

function readableByOthers(path: string): AppError {
  return new AppError('misconfigured', `The key file ${path} can be read by other accounts`, {
    hint: `Run: chmod 600 ${path}. If others may have read it, delete it: a new key is made.`,
  });
}

async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('misconfigured', `The folder of local keys, ${directory}, cannot be used (${codeOf(cause)})`, {
      hint: 'Point DATA_DIR to a folder that the account of the server may write.',
      cause,
    });
  }
}

export function isMissingFile(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
