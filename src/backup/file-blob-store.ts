import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type BlobStore, blobMissing, blobTaken, checkBlobName, type StoredBlob } from './blob-store.ts';

const unfinished = '.part';
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** A folder of this machine, or one that is mounted. Files are the owner's alone (mode 0600). */
export function createFileBlobStore(folder: string): BlobStore {
  const directory = resolve(folder);
  const pathOf = (name: string) => {
    checkBlobName(name);
    return join(directory, name);
  };
  const names = async () => {
    try {
      return (await readdir(directory)).sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw explained(error, directory);
    }
  };
  const facts = async (name: string): Promise<StoredBlob[]> => {
    // Another process may be removing it this moment.
    const found = await stat(join(directory, name)).catch(() => undefined);
    return found?.isFile() ? [{ name, bytes: found.size, modifiedAtMs: found.mtimeMs }] : [];
  };
  return {
    place: directory,
    async put(name, body, signal) {
      const path = pathOf(name);
      const aside = `${path}.${randomUUID()}${unfinished}`;
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeSynced(aside, body, signal);
        // A link, since a rename would replace what has the name already.
        await link(aside, path);
        await syncDirectory(directory);
      } catch (error) {
        throw codeOf(error) === 'EEXIST' ? blobTaken(name, directory, error) : explained(error, directory);
      } finally {
        // What cannot be removed now is swept later: the first failure is the one to be told.
        await rm(aside, { force: true }).catch(() => {});
      }
    },
    async *get(name, signal) {
      try {
        yield* createReadStream(pathOf(name), { highWaterMark: 262_144, ...(signal && { signal }) }) as AsyncIterable<Buffer>;
      } catch (error) {
        signal?.throwIfAborted();
        throw codeOf(error) === 'ENOENT' ? blobMissing(name, directory, error) : explained(error, directory);
      }
    },
    async list() {
      return (await Promise.all((await names()).filter((name) => !name.endsWith(unfinished)).map(facts))).flat();
    },
    async remove(name) {
      await rm(pathOf(name), { force: true });
    },
    async sweep(olderThanMs) {
      const left = (await Promise.all((await names()).filter((name) => name.endsWith(unfinished)).map(facts))).flat();
      for (const { name, modifiedAtMs } of left) if (modifiedAtMs < olderThanMs) await rm(join(directory, name), { force: true });
    },
  };
}

async function writeSynced(path: string, body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const piece of body) {
      signal?.throwIfAborted();
      await file.writeFile(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** So that the name outlives a loss of power as well as the bytes do. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

function explained(error: unknown, directory: string): unknown {
  const remedies: Record<string, string> = {
    ENOSPC: 'The disk is full: free space, or set BACKUP_TARGET to another place.',
    EACCES: 'Let this account write there, or set BACKUP_TARGET to another place.',
    EROFS: 'It is mounted read-only: set BACKUP_TARGET to another place.',
    ENOTDIR: 'BACKUP_TARGET must name a folder.',
  };
  const hint = remedies[codeOf(error) ?? ''];
  if (hint === undefined) return error;
  return new AppError('dependency_unavailable', `The backup folder ${directory} cannot be used (${codeOf(error)})`, {
    hint,
    cause: error,
  });
}
