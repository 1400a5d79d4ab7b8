import type { PartRole } from './manifest.ts';
import type { SnapshotFacts, TableFacts } from './snapshot.ts';

/** A part that is still to be read. */
export interface SourcePart {
  readonly role: PartRole;
  /** Asked once, after the parts before it have been read. Throws when the program behind it fails. */
  read(): AsyncIterable<Uint8Array>;
}

/** One moment of a database, held until it is closed. */
export interface BackupSnapshot {
  readonly facts: SnapshotFacts;
  readonly tables: TableFacts;
  readonly toolMajor: number;
  /** Bytes that the parts may come to, for whoever waits. */
  readonly estimatedBytes: number;
  readonly parts: readonly SourcePart[];
  close(): Promise<void>;
}

export interface Waiting {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly step: string; readonly done: number; readonly total: number }) => void;
}

/** What a backup is taken of. Three adapters: `dump-source.ts`, `base-source.ts` and `cluster-source.ts`. */
export type OpenSnapshot = (waiting: Waiting) => Promise<BackupSnapshot>;
