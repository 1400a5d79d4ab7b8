import { AppError } from '../core/errors.ts';
import { createEnvelope } from '../vault/envelope.ts';
import type { ArtefactsOptions } from './artefacts.ts';
import { type BlobStore, blobMissing, type StoredBlob } from './blob-store.ts';
import { isBackupName, type Manifest, type Part, parseManifest, requireBackupName } from './manifest.ts';

export interface Listing {
  /** Oldest first. Every one has all of its parts, and those of all that it builds on. */
  readonly backups: readonly Manifest[];
  /** What is there and cannot be restored, with the reason. */
  readonly broken: readonly { readonly name: string; readonly reason: string }[];
}

const manifestBlob = (name: string) => `${name}.manifest`;
const contextOf = (name: string) => ({ purpose: 'backup manifest', tenant: name });
const dayMs = 86_400_000;

/**
 * Which backups there are. A backup exists from the moment its manifest does, which is written last, sealed, and in one step;
 * it is the first thing to go when the backup is removed.
 */
export function createCatalogue({ store, ring }: ArtefactsOptions) {
  const envelope = createEnvelope(ring);

  const read = async (name: string): Promise<Manifest> => {
    requireBackupName(name);
    const sealed = await textOf(store, manifestBlob(name));
    const found = parseManifest(envelope.open(sealed, contextOf(name)).toString());
    if (found?.name === name) return found;
    throw new AppError('invalid_input', `The manifest of ${name} is of a release that this one does not know`);
  };

  const list = async (): Promise<Listing> => {
    const blobs = await store.list();
    const manifests: Manifest[] = [];
    const broken: { name: string; reason: string }[] = [];
    for (const name of blobs.flatMap(nameOfManifest)) {
      try {
        manifests.push(await read(name));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        // Removed since it was listed.
        if (error.code !== 'not_found') broken.push({ name, reason: error.message });
      }
    }
    const backups = manifests
      .filter((one) => {
        const reason = findGap(one, manifests, blobs);
        if (reason !== undefined) broken.push({ name: one.name, reason });
        return reason === undefined;
      })
      .sort((a, b) => a.takenAt.localeCompare(b.takenAt) || a.name.localeCompare(b.name));
    return { backups, broken };
  };

  return {
    place: store.place,
    list,
    read,

    /** Rejected, there is no such manifest of ours. */
    async commit(manifest: Manifest, signal?: AbortSignal): Promise<void> {
      signal?.throwIfAborted();
      const blob = manifestBlob(manifest.name);
      const sealed = envelope.seal(JSON.stringify(manifest), contextOf(manifest.name));
      try {
        await store.put(blob, oneFrom(sealed), signal);
      } catch (error) {
        // It may have arrived all the same. One that was there before, under the same name, is somebody else's.
        const found = await textOf(store, blob).catch(() => undefined);
        if (found === sealed) await store.remove(blob);
        throw error;
      }
    },

    /** Parts that no manifest speaks of. */
    async withdraw(parts: readonly Part[]): Promise<void> {
      for (const { blob } of parts) await store.remove(blob);
    },

    /** The backup is gone with the first step, whatever becomes of the rest. */
    async remove({ name, parts }: Manifest): Promise<void> {
      await store.remove(manifestBlob(name));
      for (const { blob } of parts) await store.remove(blob);
    },

    /** Removes parts without a manifest that are a day old: their writer died, or a removal did not end. */
    async sweep(nowMs: number): Promise<void> {
      await store.sweep(nowMs - dayMs);
      const blobs = await store.list();
      const committed = new Set(blobs.flatMap(nameOfManifest));
      for (const { name, modifiedAtMs } of blobs) {
        const [backup = ''] = name.split('.');
        if (isBackupName(backup) && !committed.has(backup) && modifiedAtMs < nowMs - dayMs) await store.remove(name);
      }
    },

    /** The full one first, then all that build on it up to this one. */
    async chain(manifest: Manifest): Promise<Manifest[]> {
      const links = [manifest];
      for (let oldest = manifest; oldest.parent !== null; ) {
        oldest = await read(oldest.parent);
        links.unshift(oldest);
      }
      return links;
    },
  };
}
export type Catalogue = ReturnType<typeof createCatalogue>;

async function* oneFrom(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function nameOfManifest({ name }: StoredBlob): string[] {
  const [backup = '', role] = name.split('.');
  return role === 'manifest' && isBackupName(backup) ? [backup] : [];
}

/** Why it cannot be restored, as far as names and sizes tell; `verify` reads every byte. */
function findGap(one: Manifest, all: readonly Manifest[], blobs: readonly StoredBlob[]): string | undefined {
  for (const { blob, bytes } of one.parts) {
    const found = blobs.find(({ name }) => name === blob);
    if (found === undefined) return `${blob} is missing`;
    if (found.bytes !== bytes) return `${blob} has ${found.bytes} bytes where ${bytes} were written`;
  }
  if (one.parent === null) return undefined;
  const parent = all.find(({ name }) => name === one.parent);
  // A parent is always older: nobody can make a circle by a name.
  if (parent === undefined || parent.takenAt > one.takenAt) return `${one.parent}, which it builds on, is missing`;
  const gap = findGap(parent, all, blobs);
  return gap === undefined ? undefined : `${one.parent}, which it builds on, is broken: ${gap}`;
}

async function textOf(store: BlobStore, blob: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.get(blob)) pieces.push(piece);
  if (pieces.length === 0) throw blobMissing(blob, store.place);
  return Buffer.concat(pieces).toString();
}
