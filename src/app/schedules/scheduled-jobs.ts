import type { Config } from '../../config/schema.ts';
import { AppError } from '../../core/errors.ts';
import { forgetUsage } from '../../cost/usage-report.ts';
import type { Database, OwnerSession } from '../../postgres/database.ts';
import type { Job, JobProgress } from '../../schedule/job.ts';
import type { Embedder } from '../../search/embedding/embedder.ts';
import { type BackupScheduleOptions, backupJobs } from '../backups/backup-jobs.ts';
import { indexCatalogue } from '../embedding.ts';
import { namedLogin } from '../named-session.ts';
import { createSelfTests } from './self-tests.ts';

export interface ScheduledJobsOptions extends BackupScheduleOptions {
  readonly database: Database;
  /** Absent: nothing is embedded. */
  readonly embedder: Embedder | undefined;
}

const minute = 60_000;
const hour = 60 * minute;
const keptAccountDays = 400;

/** Every job, with its time in UTC. Which of them a server runs is said by SCHEDULES and SCHEDULES_OFF. */
export function scheduledJobs(options: ScheduledJobsOptions): Job[] {
  const { config, served, opened, database, keys, clock, note } = options;
  const owner = namedLogin(config, opened, ['postgresOwnerUrl']);
  const auditor = namedLogin(config, opened, ['postgresOperatorUrl', 'postgresOwnerUrl']);
  const { scopeKey: signingKey, encryptionKeys: ring } = keys;
  const tests = createSelfTests({ config, served, database, signingKey, ring, auditor, clock, note });
  return [
    ...backupJobs(options),
    {
      ...{ name: 'prove', cron: '45 * * * *', timeoutMs: 10 * minute, atStart: true },
      purpose: 'proves that tenants are kept apart; where they are not, every server of this database stops',
      run: tests.isolation,
    },
    {
      ...{ name: 'audit-verify', cron: '30 4 * * *', timeoutMs: hour, lacks: auditor.lacks },
      purpose: 'verifies the hash chain of the audit trail and its signed heads',
      run: tests.auditChain,
    },
    {
      ...{ name: 'analyze', cron: '30 2 * * 0', timeoutMs: hour, lacks: owner.lacks },
      purpose: 'refreshes the statistics that the planner goes by',
      run: (signal, progress) => owner.run(signal, (session) => analyzeTables(session, signal, progress)),
    },
    ...indexing(options, owner),
    {
      ...{ name: 'usage-retention', cron: '30 1 * * *', timeoutMs: 10 * minute },
      purpose: `lets accounts of usage go after ${keptAccountDays} days`,
      run: async () => `${await forgetUsage(database, keptAccountDays, clock.now())} accounts removed`,
    },
  ];
}

/** Of a schema that has a catalogue to search. */
function indexing({ served, opened, embedder }: ScheduledJobsOptions, owner: ReturnType<typeof namedLogin>): Job[] {
  if (served.catalogue === undefined) return [];
  return [
    {
      ...{ name: 'index-products', cron: '0 5 * * *', timeoutMs: hour },
      lacks: embedder === undefined ? 'EMBEDDER=none' : owner.lacks,
      purpose: 'embeds what is new or changed in the catalogue',
      run: (signal, progress) =>
        owner.run(signal, async (session) => {
          if (embedder === undefined) return '';
          const { items, embedded } = await indexCatalogue({
            session,
            served,
            embedder,
            signal,
            onProgress: progress,
          });
          if (embedded > 0) await opened.keepTemplate?.();
          return `${items} products, ${embedded} of them embedded`;
        }),
    },
  ];
}

/** Those that are not switched off. A name that is none is refused: whoever wrote it believes that something is off. */
export function jobsToRun(jobs: readonly Job[], { schedulesOff = [] }: Pick<Config, 'schedulesOff'>): Job[] {
  for (const name of schedulesOff) jobNamed(jobs, name, 'SCHEDULES_OFF names');
  return jobs.filter(({ name }) => !schedulesOff.includes(name));
}

export function jobNamed(jobs: readonly Job[], name: string, where: string): Job {
  const found = jobs.find((job) => job.name === name);
  if (found !== undefined) return found;
  throw new AppError('invalid_input', `${where} ${JSON.stringify(name.slice(0, 80))}, which is no scheduled job`, {
    hint: `Jobs: ${jobs.map((job) => job.name).join(', ')}.`,
  });
}

/** Every table that the owner has; of partitioned ones the whole, whose statistics PostgreSQL never refreshes by itself. */
async function analyzeTables(
  session: OwnerSession,
  signal: AbortSignal,
  progress: (progress: JobProgress) => void,
): Promise<string> {
  const tables = await session.query(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_has_role(c.relowner, 'USAGE')
       AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1`,
  );
  for (const [done, { name }] of tables.entries()) {
    signal.throwIfAborted();
    progress({ step: `analyze ${name}`, done, total: tables.length });
    await session.script(`ANALYZE ${name}`);
  }
  return `${tables.length} tables`;
}
