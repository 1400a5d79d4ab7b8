import { AppError } from '../core/errors.ts';

export interface StoredBlob {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/** Where backups are kept. Two adapters: `file-blob-store.ts` and `azure-blob-store.ts`; names are flat. */
export interface BlobStore {
  /** For people: a folder or an address, without secrets. */
  readonly place: string;
  /**
   * A new blob, in constant memory. It appears whole and under its name or not at all, however the writer ends; a name that is
   * taken is refused.
   */
  put(name: string, body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  /** Throws `not_found`, at the first read at the latest. */
  get(name: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Whole blobs only, by name. */
  list(): Promise<StoredBlob[]>;
  /** One that is gone already is no fault. */
  remove(name: string): Promise<void>;
  /** Removes what writers that died before this time (milliseconds since 1970) left unfinished. */
  sweep(olderThanMs: number): Promise<void>;
}

const nameForm = /^[a-z0-9_]+(\.[a-z0-9_]+)+$/;

/** Keeps a name from leading anywhere else in the store. */
export function checkBlobName(name: string): void {
  if (!nameForm.test(name)) throw new Error(`${JSON.stringify(name)} cannot be the name of a blob`);
}

export function blobMissing(name: string, place: string, cause?: unknown): AppError {
  return new AppError('not_found', `There is no ${name} in ${place}`, {
    hint: 'zava-mcp-server backup list shows what is there.',
    cause,
  });
}

export function blobTaken(name: string, place: string, cause?: unknown): AppError {
  return new AppError('dependency_unavailable', `${place} has a ${name} already`, {
    hint: 'Backups are never overwritten: two were begun in the same second. Try again.',
    cause,
  });
}
