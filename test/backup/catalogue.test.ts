import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createArtefacts } from '../../src/backup/artefacts.ts';
import type { BlobStore } from '../../src/backup/blob-store.ts';
import { createCatalogue } from '../../src/backup/catalogue.ts';
import { createFileBlobStore } from '../../src/backup/file-blob-store.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import { applyRetention } from '../../src/backup/retention.ts';
import { takeBackup } from '../../src/backup/take-backup.ts';
import { verifyBackups } from '../../src/backup/verify.ts';
import { all, bytes, manifestOf, ring, takenAtOf } from './samples.ts';

const folders: string[] = [];
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zava-store-'));
  folders.push(folder);
});
afterAll(() => Promise.all(folders.map((one) => rm(one, { recursive: true, force: true }))));

const onProgress = () => {};
const never = () => new AbortController().signal;
const placeOf = (store: BlobStore) => ({
  artefacts: createArtefacts({ store, ring }),
  catalogue: createCatalogue({ store, ring }),
});
const noRecords = { begin: async () => true, finish: async () => {}, fail: async () => {} } as never;

interface Made {
  readonly store: BlobStore;
  readonly atMs?: number;
  readonly plain?: AsyncIterable<Uint8Array>;
  readonly kind?: 'full' | 'incremental';
  readonly parent?: Manifest;
  readonly signal?: AbortSignal;
}

/** A backup of nothing in particular, by the same steps as a real one. */
function make({
  store,
  atMs = Date.UTC(2026, 10, 26, 2),
  plain = bytes('plain'),
  kind = 'full',
  parent,
  signal,
}: Made): Promise<Manifest> {
  const facts = manifestOf('zava_backup_full_20200101_000000');
  return takeBackup({
    ...placeOf(store),
    ...{ signal: signal ?? never(), onProgress, kind, parent, records: noRecords, by: 'a test', note: () => {} },
    clock: { now: () => atMs, monotonic: () => atMs },
    source: async () => ({
      facts: { ...facts, takenAt: new Date(atMs).toISOString() },
      ...{ tables: facts.tables, toolMajor: 17, estimatedBytes: 10, close: async () => {} },
      parts: [
        { role: kind === 'full' ? 'dump' : 'base', read: () => plain },
        { role: 'base_manifest', read: () => bytes('files') },
      ],
    }),
  });
}

/** What somebody else finds in a folder: everything listed must be whole. */
async function namesThatRestore(path: string): Promise<string[]> {
  const { artefacts, catalogue } = placeOf(createFileBlobStore(path));
  const { backups, broken } = await catalogue.list();
  expect(broken).toEqual([]);
  for (const one of backups) {
    for (const part of one.parts) expect((await all(artefacts.read(part))).byteLength).toBeGreaterThan(0);
  }
  return backups.map(({ name }) => name);
}

let bury = () => {};
/** What the dead had in hand is let go of when all is over: a process that ends would not keep its files open either. */
const burial = new Promise<never>((_, reject) => {
  bury = () => reject(new Error('died'));
});
burial.catch(() => {});
afterAll(() => bury());

/** Dies at its `steps`-th step: what it had in hand never goes on, and nothing is tidied up. */
function mortal(store: BlobStore, steps: number) {
  let left = steps;
  let dead = () => {};
  const death = new Promise<void>((resolve) => {
    dead = resolve;
  });
  const step = async () => {
    left -= 1;
    if (left >= 0) return;
    dead();
    await burial;
  };
  const dying: BlobStore = {
    ...store,
    async put(name, body) {
      await step();
      await store.put(
        name,
        (async function* () {
          for await (const piece of body) {
            await step();
            yield piece;
          }
          await step();
        })(),
      );
      await step();
    },
    async *get(name) {
      await step();
      yield* store.get(name);
    },
    async remove(name) {
      await step();
      await store.remove(name);
      await step();
    },
  };
  return { dying, death };
}

describe('a process that dies', () => {
  test('while it takes a backup leaves nothing that is listed, at whichever step; or the whole backup', async () => {
    const before = await make({ store: createFileBlobStore(folder), atMs: Date.UTC(2026, 10, 25) });
    const outcomes = new Set<number>();
    for (let steps = 0; ; steps += 1) {
      const copy = `${folder}-${steps}`;
      folders.push(copy);
      await cp(folder, copy, { recursive: true });
      const { dying, death } = mortal(createFileBlobStore(copy), steps);
      const taken = make({ store: dying, plain: bytes('x'.repeat(200_000), 'y') });
      const ended = await Promise.race([death.then(() => 'died'), taken.then(() => 'done')]);
      const names = await namesThatRestore(copy);
      expect(names[0]).toBe(before.name);
      outcomes.add(names.length);
      if (ended === 'died') {
        // What is left of it goes a day later, and the good ones stay.
        for (const file of await readdir(copy)) await utimes(join(copy, file), 0, 0);
        await placeOf(createFileBlobStore(copy)).catalogue.sweep(Date.UTC(2026, 10, 27));
        expect((await readdir(copy)).length).toBe(3 * names.length);
        continue;
      }
      expect(steps).toBeGreaterThan(15);
      break;
    }
    expect(outcomes).toEqual(new Set([1, 2]));
  });

  test('while it removes expired ones leaves no half of any, at whichever step', async () => {
    const store = createFileBlobStore(folder);
    for (const hour of [1, 2, 3]) await make({ store, atMs: Date.UTC(2026, 1, 1, hour) });
    const expiry = (one: BlobStore) =>
      applyRetention({ catalogue: placeOf(one).catalogue, policy: { days: 1, months: 0 }, nowMs: Date.UTC(2026, 10, 26) });
    for (let steps = 0; ; steps += 1) {
      const copy = `${folder}-${steps}`;
      folders.push(copy);
      await cp(folder, copy, { recursive: true });
      const { dying, death } = mortal(createFileBlobStore(copy), steps);
      const ended = await Promise.race([death.then(() => 'died'), expiry(dying).then(() => 'done')]);
      expect((await namesThatRestore(copy)).length).toBeGreaterThan(0);
      if (ended === 'done') break;
    }
    expect(await expiry(store)).toEqual(['zava_backup_full_20260201_020000', 'zava_backup_full_20260201_010000']);
  });
});

describe('a backup that fails', () => {
  const failing = async function* () {
    yield Buffer.from('half');
    throw new Error('pg_dump died');
  };
  test.each([
    ['because its source does', { plain: failing() }, 'pg_dump died'],
    ['because it is stopped', { signal: AbortSignal.abort(new Error('Ctrl-C')) }, 'Ctrl-C'],
  ])('%s takes everything back and tells the first cause', async (_why, changes, message) => {
    await expect(make({ store: createFileBlobStore(folder), ...changes })).rejects.toThrow(message);
    expect(await readdir(folder).catch(() => [])).toEqual([]);
  });

  test('because the store keeps other bytes than it got takes them back, too', async () => {
    const store = createFileBlobStore(folder);
    const lying: BlobStore = {
      ...store,
      put: (name, body, signal) =>
        store.put(
          name,
          (async function* () {
            for await (const piece of body) yield Buffer.concat([piece, Buffer.from([0])]);
          })(),
          signal,
        ),
    };
    await expect(make({ store: lying })).rejects.toMatchObject({ message: expect.stringContaining('is not what was written') });
    expect(await readdir(folder)).toEqual([]);
  });
});

test('one flipped byte anywhere is found, and named', async () => {
  const store = createFileBlobStore(folder);
  const { name } = await make({ store, plain: bytes('x'.repeat(70_000)) });
  const place = placeOf(store);
  expect(await verifyBackups({ ...place, signal: never(), onProgress })).toMatchObject([{ name, passed: true }]);
  for (const file of (await readdir(folder)).sort()) {
    const good = await readFile(join(folder, file));
    // Every tenth byte of the small ones; ends, middle and seams of the large one.
    const spots =
      good.byteLength > 5000
        ? [0, 14, 20, 60, 65_600, good.byteLength - 1]
        : [...good.keys()].filter((at) => at % 10 === 0 || at === good.byteLength - 1);
    for (const at of spots) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      await writeFile(join(folder, file), bad);
      for (const only of [undefined, name]) {
        const verdicts = await verifyBackups({ ...place, signal: never(), onProgress, name: only });
        expect({ file, at, verdicts }).toMatchObject({ file, at, verdicts: [{ name, passed: false }] });
      }
    }
    await writeFile(join(folder, file), good);
  }
  expect(await verifyBackups({ ...place, signal: never(), onProgress, name })).toMatchObject([{ name, passed: true }]);
});

test('a part of one backup does not pass for a part of another', async () => {
  const store = createFileBlobStore(folder);
  const first = await make({ store, atMs: Date.UTC(2026, 0, 1) });
  const second = await make({ store, atMs: Date.UTC(2026, 0, 2) });
  const foreign = await readFile(join(folder, first.parts[0]?.blob ?? ''));
  await writeFile(join(folder, second.parts[0]?.blob ?? ''), foreign);
  const sha256 = createHash('sha256').update(foreign).digest('hex');
  const { artefacts } = placeOf(store);
  const swapped = { ...second.parts[0], sha256, bytes: foreign.byteLength } as Manifest['parts'][number];
  await expect(all(artefacts.read(swapped))).rejects.toMatchObject({ message: expect.stringContaining('cannot be opened') });
});

describe('an incremental backup', () => {
  test('is listed after what it builds on, is verified with it, and is broken without it', async () => {
    const store = createFileBlobStore(folder);
    const { catalogue, artefacts } = placeOf(store);
    const base = await make({ store, atMs: Date.UTC(2026, 0, 1) });
    const first = await make({ store, atMs: Date.UTC(2026, 0, 1, 1), kind: 'incremental', parent: base });
    const second = await make({ store, atMs: Date.UTC(2026, 0, 1, 2), kind: 'incremental', parent: first });
    expect((await catalogue.list()).backups.map(({ name }) => name)).toEqual([base.name, first.name, second.name]);
    expect((await catalogue.chain(second)).map(({ name }) => name)).toEqual([base.name, first.name, second.name]);
    expect(await verifyBackups({ catalogue, artefacts, signal: never(), onProgress, name: second.name })).toHaveLength(3);
    await rm(join(folder, first.parts[0]?.blob ?? ''));
    const { backups, broken } = await catalogue.list();
    expect(backups.map(({ name }) => name)).toEqual([base.name]);
    expect(broken).toEqual([
      { name: first.name, reason: expect.stringContaining('.base is missing') },
      { name: second.name, reason: expect.stringMatching(/which it builds on, is broken: .*missing/) },
    ]);
  });
});

test('what the store holds beside backups is left alone', async () => {
  const store = createFileBlobStore(folder);
  await writeFile(join(folder, 'notes.txt'), 'mine');
  await writeFile(join(folder, 'zava_backup_full_20200101_000000.manifest'), 'not sealed by us');
  await utimes(join(folder, 'notes.txt'), 0, 0);
  await make({ store });
  const { catalogue } = placeOf(store);
  await catalogue.sweep(Date.UTC(2030, 0, 1));
  const { backups, broken } = await catalogue.list();
  expect(backups).toHaveLength(1);
  expect(broken).toEqual([{ name: 'zava_backup_full_20200101_000000', reason: expect.stringContaining('cannot be opened') }]);
  expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
  expect(takenAtOf(backups[0]?.name ?? '')).toBe(backups[0]?.takenAt);
});

test('a name that is none is refused before anything is looked for', async () => {
  await expect(placeOf(createFileBlobStore(folder)).catalogue.read('../../etc/passwd')).rejects.toMatchObject({
    code: 'invalid_input',
  });
});
