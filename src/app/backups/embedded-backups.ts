import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Waiting } from '../../backup/backup-source.ts';
import { createClusterSource } from '../../backup/cluster-source.ts';
import type { Scratch } from '../../backup/drill.ts';
import { type BackupKind, type Manifest, partOf } from '../../backup/manifest.ts';
import { createBackupRecords } from '../../backup/records.ts';
import { requireAbsent } from '../../backup/restore-cluster.ts';
import { digestTables } from '../../backup/snapshot.ts';
import { takeBackup } from '../../backup/take-backup.ts';
import { AppError } from '../../core/errors.ts';
import { installKeys } from '../../postgres/bootstrap.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../postgres/embedded-database.ts';
import { migrateSchema, type OpenedDatabase } from '../adapters.ts';
import type { BackupJobOptions } from './backup-job.ts';
import type { BackupPlace } from './backup-store.ts';
import { faultsOf } from './prove-scratch.ts';

type EmbeddedOptions = Pick<BackupJobOptions, 'config' | 'served'>;

function openCluster({ config, served }: EmbeddedOptions, dataDir: string, template: Uint8Array): Promise<EmbeddedDatabase> {
  const prefix = config.postgresRolePrefix;
  return openEmbeddedDatabase({
    ...{ dataDir, template, useScopeFunction: served.definition.useScopeFunction },
    serverRole: `${prefix}_server`,
    readerRole: (suffix) => `${prefix}_${suffix}`,
  });
}

/** A copy of the whole embedded database. It is counted in the copy, which shows that the copy opens. */
export async function takeEmbeddedBackup(
  options: BackupJobOptions,
  { session, dump }: OpenedDatabase,
  place: BackupPlace,
  kind: BackupKind,
  waiting: Waiting,
): Promise<Manifest> {
  if (kind === 'incremental') {
    throw new AppError('misconfigured', 'The embedded database has no incremental backups', {
      hint: 'Take full ones: it is small. Incremental ones need a self-run PostgreSQL 17 or later.',
    });
  }
  if (session === undefined || dump === undefined) throw new Error('the embedded database gives no session');
  const { config, clock, note, by } = options;
  const openCopy = async (copy: Uint8Array) => {
    const database = await openCluster(options, 'memory', copy);
    return { session: database.session(null), close: () => database.close() };
  };
  const source = createClusterSource({ dump, openCopy, prefix: config.postgresRolePrefix, clock });
  const records = createBackupRecords(session('owner'));
  return takeBackup({ ...place, ...waiting, kind, source, records, clock, note, by });
}

/** The database of a drill, in memory. */
export async function openEmbeddedScratch(options: BackupJobOptions, place: BackupPlace): Promise<Scratch> {
  const prefix = options.config.postgresRolePrefix;
  let restored: EmbeddedDatabase | undefined;
  const database = () => {
    if (restored === undefined) throw new Error('nothing has been restored yet');
    return restored;
  };
  return {
    async restore(manifest, { signal }) {
      restored = await openCluster(options, 'memory', await clusterOf(manifest, place, signal));
    },
    tables: () => digestTables(database().session(null)),
    async prove() {
      const owner = database().session(`${prefix}_owner`);
      await migrateSchema(options.config, options.served, owner, () => {});
      await installKeys({ session: database().session(null), prefix, signingKey: options.signingKey() });
      return faultsOf(options, database());
    },
    drop: async () => restored?.close(),
  };
}

/** Into a folder that becomes a DATA_DIR: built aside and renamed when it is whole. */
export async function restoreEmbedded(
  options: EmbeddedOptions,
  place: BackupPlace,
  manifest: Manifest,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const folder = resolve(directory);
  await requireAbsent(folder);
  const building = join(folder, 'postgres.building');
  try {
    const copy = await clusterOf(manifest, place, signal);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await (await openCluster(options, building, copy)).close();
    signal.throwIfAborted();
    await writeFile(join(folder, 'template.tar.gz'), copy, { mode: 0o600 });
    await rename(building, join(folder, 'postgres'));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function clusterOf(manifest: Manifest, { artefacts }: BackupPlace, signal: AbortSignal): Promise<Uint8Array> {
  const part = partOf(manifest, 'cluster');
  if (part === undefined) {
    throw new AppError('invalid_input', `${manifest.name} is not of an embedded database`, {
      hint: 'A dump is restored into a database of a real server: backup restore <name> --to <url>.',
    });
  }
  const pieces: Buffer[] = [];
  for await (const piece of artefacts.read(part, { signal })) pieces.push(piece);
  return Buffer.concat(pieces);
}
