import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAzureBlobStore } from '../../src/backup/azure-blob-store.ts';
import type { BlobStore } from '../../src/backup/blob-store.ts';
import { createFileBlobStore } from '../../src/backup/file-blob-store.ts';
import { type BlobEmulator, startBlobEmulator } from '../support/blob-emulator.ts';
import { all, bytes } from './samples.ts';

const folders: string[] = [];
let emulator: BlobEmulator;
beforeAll(async () => {
  emulator = await startBlobEmulator();
});
afterAll(async () => {
  await emulator.close();
  await Promise.all(folders.map((one) => rm(one, { recursive: true, force: true })));
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zava-store-'));
  folders.push(folder);
  return folder;
}
async function azureStore(changes: Partial<Parameters<typeof createAzureBlobStore>[0]> = {}): Promise<BlobStore> {
  const url = await emulator.newContainer();
  return createAzureBlobStore({ url, account: emulator.account, identity: { managedIdentity: false }, ...changes });
}

const stores = [
  ['a folder', async () => createFileBlobStore(join(await newFolder(), 'made', 'later'))],
  ['Azure Blob Storage', azureStore],
] as const;

describe.each(stores)('backups in %s', (_what, open) => {
  test('a blob comes back byte for byte, large and empty ones too', async () => {
    const store = await open();
    const large = randomBytes(9 * 1024 * 1024 + 17);
    await store.put('a.dump', bytes(large.subarray(0, 1_000_000), large.subarray(1_000_000)));
    await store.put('b.dump', bytes());
    expect((await all(store.get('a.dump'))).equals(large)).toBe(true);
    expect(await all(store.get('b.dump'))).toHaveLength(0);
    const listed = (await store.list()).map(({ name, bytes: size }) => [name, size]);
    expect(listed).toEqual([
      ['a.dump', large.byteLength],
      ['b.dump', 0],
    ]);
  });

  test('a name that is taken is refused, and what has it stays', async () => {
    const store = await open();
    await store.put('a.dump', bytes('first'));
    await expect(store.put('a.dump', bytes('second'))).rejects.toMatchObject({
      code: 'dependency_unavailable',
      message: expect.stringContaining('already'),
    });
    expect((await all(store.get('a.dump'))).toString()).toBe('first');
  });

  test('an upload that breaks off is listed nowhere', async () => {
    const store = await open();
    const breaking = async function* () {
      yield randomBytes(9 * 1024 * 1024);
      throw new Error('the dump died');
    };
    await expect(store.put('a.dump', breaking())).rejects.toThrow('the dump died');
    expect(await store.list()).toEqual([]);
    await expect(all(store.get('a.dump'))).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an upload that is stopped rejects with the reason and is listed nowhere', async () => {
    const store = await open();
    const stop = new AbortController();
    const stopping = async function* () {
      yield randomBytes(9 * 1024 * 1024);
      stop.abort(new Error('Ctrl-C'));
      yield randomBytes(9 * 1024 * 1024);
    };
    await expect(store.put('a.dump', stopping(), stop.signal)).rejects.toThrow('Ctrl-C');
    expect(await store.list()).toEqual([]);
  });

  test('removing is final, and once more is no fault', async () => {
    const store = await open();
    await store.put('a.dump', bytes('x'));
    await store.remove('a.dump');
    await store.remove('a.dump');
    await store.sweep(Date.now());
    expect(await store.list()).toEqual([]);
  });

  test('no name leads out of it', async () => {
    const store = await open();
    for (const name of ['../a.dump', '/etc/passwd', 'a/b.dump', 'a', '', 'a.dump\0'])
      await expect(store.put(name, bytes('x'))).rejects.toThrow('cannot be the name of a blob');
  });
});

describe('a folder', () => {
  test('keeps files to their owner, and sweeps what dead writers left', async () => {
    const folder = await newFolder();
    const store = createFileBlobStore(folder);
    await store.put('a.dump', bytes('x'));
    expect((await stat(join(folder, 'a.dump'))).mode & 0o777).toBe(0o600);
    for (const name of ['b.dump.1.part', 'c.dump.2.part']) await writeFile(join(folder, name), 'half');
    await utimes(join(folder, 'b.dump.1.part'), 0, 0);
    expect((await store.list()).map(({ name }) => name)).toEqual(['a.dump']);
    await store.sweep(Date.now() - 1000);
    expect((await readdir(folder)).sort()).toEqual(['a.dump', 'c.dump.2.part']);
  });

  test('that cannot be used is named with what to do', async () => {
    const file = join(await newFolder(), 'file');
    await writeFile(file, '');
    const store = createFileBlobStore(join(file, 'below'));
    await expect(store.put('a.dump', bytes('x'))).rejects.toMatchObject({ hint: expect.stringContaining('BACKUP_TARGET') });
    await expect(store.list()).rejects.toMatchObject({ message: expect.stringContaining('ENOTDIR') });
    await expect(all(store.get('a.dump'))).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await chmod(file, 0o600);
    await mkdir(`${file}-2`);
    expect(await createFileBlobStore(`${file}-2`).list()).toEqual([]);
  });
});

describe('Azure Blob Storage', () => {
  test('with another key, or without the container, says what to mend and repeats no key', async () => {
    const key = randomBytes(64).toString('base64');
    const refused = await azureStore({ account: { name: emulator.account.name, key } });
    const error = await refused.list().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'misconfigured', hint: expect.stringContaining('AZURE_STORAGE_KEY') });
    expect(JSON.stringify(error)).not.toContain(key);
    const missing = await azureStore({ url: `${emulator.url}/nowhere` });
    for (const attempt of [missing.list(), missing.put('a.dump', bytes('x'))])
      await expect(attempt).rejects.toMatchObject({
        code: 'misconfigured',
        hint: expect.stringContaining('the container exists'),
      });
  });
});
