import { createHash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { KeyRing } from '../vault/key-ring.ts';
import { openStream, sealStream } from '../vault/sealed-stream.ts';
import type { BlobStore } from './blob-store.ts';
import type { Part, PartRole } from './manifest.ts';

export interface ArtefactsOptions {
  readonly store: BlobStore;
  readonly ring: () => KeyRing;
}

export interface Transfer {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that have passed so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The parts of backups in the store: sealed before they leave, checked after they have arrived, opened chunk by chunk. */
export function createArtefacts({ store, ring }: ArtefactsOptions) {
  /** A part opens as what it was sealed as: another backup's, or another role's, is refused. */
  const contextOf = (blob: string) => ({ purpose: 'backup', tenant: blob });

  /** Throws at the end when the bytes are not those of the manifest. */
  async function* checked({ blob, bytes, sha256 }: Part, { signal, onBytes }: Transfer): AsyncGenerator<Uint8Array> {
    const counted = createCounter(onBytes);
    yield* counted.pass(store.get(blob, signal));
    const found = counted.result();
    if (found.bytes !== bytes || found.sha256 !== sha256) throw altered(blob, store.place);
  }

  return {
    async write(backup: string, role: PartRole, plain: AsyncIterable<Uint8Array>, transfer: Transfer = {}): Promise<Part> {
      const blob = `${backup}.${role}`;
      const counted = createCounter(transfer.onBytes);
      await store.put(blob, counted.pass(sealStream(plain, ring(), contextOf(blob))), transfer.signal);
      const part = { role, blob, ...counted.result() };
      try {
        // What the store took is what it gives.
        for await (const _ of checked(part, { signal: transfer.signal }));
      } catch (error) {
        await store.remove(blob);
        throw error;
      }
      return part;
    },

    /** The plain bytes: nothing is given out that was not authenticated before. */
    async *read(part: Part, transfer: Transfer = {}): AsyncGenerator<Buffer> {
      yield* openStream(checked(part, transfer), ring(), contextOf(part.blob));
    },
  };
}
export type Artefacts = ReturnType<typeof createArtefacts>;

function createCounter(onBytes?: (bytes: number) => void) {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async *pass(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const piece of source) {
        hash.update(piece);
        bytes += piece.byteLength;
        onBytes?.(bytes);
        yield piece;
      }
    },
    result: () => ({ bytes, sha256: hash.digest('hex') }),
  };
}

function altered(blob: string, place: string): AppError {
  return new AppError('dependency_unavailable', `${blob} in ${place} is not what was written: its SHA-256 or size differs`, {
    hint: 'Restore another backup, take a new one, and find out what changed the file.',
  });
}
