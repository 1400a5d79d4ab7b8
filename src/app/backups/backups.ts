import type { Waiting } from '../../backup/backup-source.ts';
import { type DrillReport, drill } from '../../backup/drill.ts';
import type { BackupKind, Manifest } from '../../backup/manifest.ts';
import { type BackupRecords, createBackupRecords } from '../../backup/records.ts';
import { applyRetention } from '../../backup/retention.ts';
import { databaseTarget } from '../../config/database-target.ts';
import type { Config } from '../../config/schema.ts';
import { openNamedSession } from '../adapters.ts';
import type { BackupJobOptions } from './backup-job.ts';
import { openBackupPlace } from './backup-store.ts';
import { openEmbeddedScratch, takeEmbeddedBackup } from './embedded-backups.ts';
import { takeServerBackup } from './server-backups.ts';
import { openServerScratch } from './server-scratch.ts';

/** Beside the days of BACKUP_RETENTION_DAYS. */
const monthlyBackups = 12;

/** What an operator's command and a schedule have in common. Each opens what it needs and closes it again. */
export function createBackupJobs(options: BackupJobOptions) {
  const { config, clock, embedded } = options;
  const place = openBackupPlace(config, options.ring);
  const withRecords = async <T>(work: (records: BackupRecords) => Promise<T>): Promise<T> => {
    if (embedded?.session !== undefined) return work(createBackupRecords(embedded.session('owner')));
    const session = await openNamedSession(config, 'postgresOperatorUrl');
    return work(createBackupRecords(session)).finally(() => session.close());
  };
  return {
    takeBackup: (kind: BackupKind, waiting: Waiting): Promise<Manifest> =>
      embedded === undefined
        ? takeServerBackup(options, place, kind, waiting)
        : takeEmbeddedBackup(options, embedded, place, kind, waiting),

    /** Names of the backups that were removed. */
    applyRetention: ({ signal }: Pick<Waiting, 'signal'>): Promise<string[]> =>
      withRecords((records) =>
        applyRetention({
          catalogue: place.catalogue,
          policy: { days: config.backupRetentionDays, months: monthlyBackups },
          nowMs: clock.now(),
          signal,
          onRemoved: records.expired,
        }),
      ),

    /** Without a name: the latest full backup. */
    drill: (waiting: Waiting, name?: string): Promise<DrillReport> =>
      withRecords((records) =>
        drill({
          ...{ ...waiting, catalogue: place.catalogue, records, name, clock },
          openScratch: () => (embedded === undefined ? openServerScratch(options, place) : openEmbeddedScratch(options, place)),
        }),
      ),
  };
}
export type BackupJobs = ReturnType<typeof createBackupJobs>;

/** True where the database is this process's own. */
export const backsUpEmbedded = (config: Config): boolean => databaseTarget(config).kind === 'embedded';
