import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { Artefacts } from './artefacts.ts';
import type { OpenSnapshot, Waiting } from './backup-source.ts';
import type { Catalogue } from './catalogue.ts';
import { type BackupKind, backupName, type Manifest, type Part } from './manifest.ts';
import type { BackupRecords } from './records.ts';

export interface TakeBackupOptions extends Waiting {
  readonly kind: BackupKind;
  readonly parent?: Manifest | undefined;
  readonly source: OpenSnapshot;
  readonly catalogue: Catalogue;
  readonly artefacts: Artefacts;
  readonly records: BackupRecords;
  readonly clock: Clock;
  readonly note: Note;
  /** Whose hand it was. */
  readonly by: string;
}

/**
 * Reads, seals, stores and checks every part, then commits the manifest: only from that moment is there a backup. Failed or
 * stopped, it takes its parts back; killed, it leaves parts that nothing lists and retention sweeps.
 */
export async function takeBackup(options: TakeBackupOptions): Promise<Manifest> {
  const { kind, catalogue, records, clock, note, by } = options;
  const startedAtMs = clock.now();
  const name = backupName(kind, startedAtMs);
  const known = new Set((await catalogue.list()).backups.map((backup) => backup.name));
  const begun = await records.begin(name, kind, startedAtMs, catalogue.place, (other) => known.has(other));
  if (!begun) {
    throw new AppError('dependency_unavailable', 'Another backup of this database is being taken', {
      hint: 'Try again when it has ended.',
    });
  }
  const written: Part[] = [];
  let manifest: Manifest;
  try {
    manifest = await write(options, name, written);
  } catch (error) {
    note({ kind: 'backup_taken', by, name, failed: error instanceof AppError ? error.code : 'internal' });
    await takeBack(options, name, written);
    throw error;
  }
  note({ kind: 'backup_taken', by, name });
  // From here on it is good, whatever becomes of the database: the next one closes a record that was left open.
  await records.finish(manifest);
  return manifest;
}

async function write(options: TakeBackupOptions, name: string, written: Part[]): Promise<Manifest> {
  const { kind, parent, source, catalogue, artefacts, clock, signal, onProgress } = options;
  signal.throwIfAborted();
  const snapshot = await source({ signal, onProgress });
  try {
    for (const { role, read } of snapshot.parts) {
      let done = 0;
      const step = `bytes of ${role}`;
      const onBytes = (bytes: number) => {
        done = bytes;
        onProgress({ step, done, total: Math.max(snapshot.estimatedBytes, bytes + 1) });
      };
      written.push(await artefacts.write(name, role, read(), { signal, onBytes }));
      onProgress({ step, done, total: done });
    }
    const { facts, tables, toolMajor } = snapshot;
    const finishedAt = new Date(clock.now()).toISOString();
    const manifest: Manifest = {
      ...{ ...facts, version: 1, name, kind, parent: parent?.name ?? null, finishedAt, toolMajor, tables },
      parts: written,
    };
    await catalogue.commit(manifest, signal);
    return manifest;
  } finally {
    await snapshot.close();
  }
}

/** What cannot be taken back now, retention does later. The first failure is the one to be told. */
async function takeBack({ catalogue, records }: TakeBackupOptions, name: string, parts: readonly Part[]): Promise<void> {
  await catalogue.withdraw(parts).catch(() => {});
  await records.fail(name).catch(() => {});
}
