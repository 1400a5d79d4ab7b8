import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Note } from '../../core/observation.ts';
import type { Job } from '../../schedule/job.ts';
import type { KeyRing } from '../../vault/key-ring.ts';
import type { ScopeKey } from '../../vault/scope-key.ts';
import type { OpenedDatabase } from '../adapters.ts';
import type { ServedSchema } from '../served-schema.ts';
import type { BackupJobs } from './backups.ts';

export interface BackupScheduleOptions {
  readonly config: Config;
  readonly served: ServedSchema;
  readonly opened: OpenedDatabase;
  readonly keys: { readonly scopeKey: () => ScopeKey; readonly encryptionKeys: () => KeyRing };
  readonly clock: Clock;
  readonly note: Note;
}

const hour = 3_600_000;

/** Backups, their test and their end. Only where BACKUP_TARGET was set: nobody's folder is filled unasked. */
export function backupJobs(options: BackupScheduleOptions): Job[] {
  const { config, opened } = options;
  const embedded = opened.database.kind === 'embedded';
  const operator = embedded || config.postgresOperatorUrl !== undefined;
  const lacks = !config.sources.has('backupTarget')
    ? 'BACKUP_TARGET is not set'
    : operator
      ? undefined
      : 'POSTGRES_OPERATOR_URL is not set';
  const owner = embedded || config.postgresOwnerUrl !== undefined ? undefined : 'POSTGRES_OWNER_URL is not set';
  const base = embedded
    ? 'the embedded database has no incremental backups'
    : config.backupBase
      ? undefined
      : 'BACKUP_BASE is not true';
  // Loaded when one runs: they bring the packages of blob storage along.
  const run = async <T>(work: (jobs: BackupJobs) => Promise<T>): Promise<T> => {
    const { createBackupJobs } = await import('./backups.ts');
    const { keys, ...rest } = options;
    const keyed = { ...rest, by: 'scheduler', ring: keys.encryptionKeys, signingKey: keys.scopeKey };
    return work(createBackupJobs({ ...keyed, ...(embedded && { embedded: opened }) }));
  };
  return [
    {
      ...{ name: 'backup-full', cron: '0 2 * * *', timeoutMs: 6 * hour, lacks },
      purpose: 'takes a full backup',
      run: async (signal, onProgress) => (await run((jobs) => jobs.takeBackup('full', { signal, onProgress }))).name,
    },
    {
      ...{ name: 'backup-incremental', cron: '15 * * * *', timeoutMs: hour, lacks: lacks ?? base },
      purpose: 'takes a backup of what changed since the last one',
      run: async (signal, onProgress) => (await run((jobs) => jobs.takeBackup('incremental', { signal, onProgress }))).name,
    },
    {
      ...{ name: 'restore-test', cron: '0 3 * * 0', timeoutMs: 6 * hour, lacks: lacks ?? owner },
      purpose: 'restores the latest full backup into a scratch database, compares and proves it',
      async run(signal, onProgress) {
        const { backup, passed, faults, rtoSeconds } = await run((jobs) => jobs.drill({ signal, onProgress }));
        if (passed) return `${backup} restored in ${rtoSeconds} s`;
        throw new AppError('internal', `The restore test of ${backup} failed: ${faults.slice(0, 3).join('; ')}`);
      },
    },
    {
      ...{ name: 'backup-retention', cron: '30 5 * * *', timeoutMs: hour, lacks },
      purpose: 'removes backups that have expired',
      run: async (signal) => `${(await run((jobs) => jobs.applyRetention({ signal }))).length} backups removed`,
    },
  ];
}
