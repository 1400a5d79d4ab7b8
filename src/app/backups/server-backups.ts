import type { Waiting } from '../../backup/backup-source.ts';
import { createBaseSource, joinSources, requireBaseBackups } from '../../backup/base-source.ts';
import { createDumpSource } from '../../backup/dump-source.ts';
import { type BackupKind, type Manifest, type Part, partOf } from '../../backup/manifest.ts';
import { createBackupRecords } from '../../backup/records.ts';
import { restoreDump } from '../../backup/restore-dump.ts';
import { compareTables, digestTables } from '../../backup/snapshot.ts';
import { takeBackup } from '../../backup/take-backup.ts';
import { type DatabaseConnection, parseConnection } from '../../config/database-target.ts';
import { environmentLookup } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { AppError } from '../../core/errors.ts';
import { openNamedSession, openSession } from '../adapters.ts';
import type { BackupJobOptions } from './backup-job.ts';
import type { BackupPlace } from './backup-store.ts';
import { findPgTool, programEnvironment } from './libpq.ts';

/** As the operator: a dump and, where base backups are wanted, a base; or what changed since the last of these. */
export async function takeServerBackup(options: BackupJobOptions, place: BackupPlace, kind: BackupKind, waiting: Waiting) {
  const { config, clock, note, by } = options;
  const prefix = config.postgresRolePrefix;
  const recording = await openNamedSession(config, 'postgresOperatorUrl');
  // Its transaction holds the snapshot, so the records need another.
  const session = await openNamedSession(config, 'postgresOperatorUrl');
  try {
    const env = programEnvironment(parseConnection(config.postgresOperatorUrl ?? '', config));
    const [server] = await session.query(
      "SELECT current_setting('server_version_num')::int / 10000 AS major, to_regclass('ops.backups') AS records",
    );
    if (server?.records == null) {
      throw new AppError('misconfigured', 'The database has no schema to back up yet', {
        hint: 'Run zava-mcp-server migrate first.',
      });
    }
    const least = Number(server.major);
    const base = async (parentFiles?: AsyncIterable<Uint8Array>) => {
      const major = await requireBaseBackups(session);
      const tool = await findPgTool(config, 'pg_basebackup', { least: major });
      return createBaseSource({ session, tool, env, prefix, parentFiles });
    };
    const dump = async () => createDumpSource({ session, tool: await findPgTool(config, 'pg_dump', { least }), env, prefix });
    const common = { ...place, ...waiting, records: createBackupRecords(recording), clock, note, by };
    if (kind === 'full') {
      const source = config.backupBase ? joinSources(await dump(), await base()) : await dump();
      return await takeBackup({ ...common, kind, source });
    }
    await requireBaseBackups(session);
    const { parent, files } = await newestBase(place);
    return await takeBackup({ ...common, kind, parent, source: await base(place.artefacts.read(files)) });
  } finally {
    await Promise.all([session.close(), recording.close()]);
  }
}

async function newestBase({ catalogue }: BackupPlace): Promise<{ parent: Manifest; files: Part }> {
  const parent = (await catalogue.list()).backups.findLast((one) => partOf(one, 'base_manifest') !== undefined);
  const files = parent && partOf(parent, 'base_manifest');
  if (parent !== undefined && files !== undefined) return { parent, files };
  throw new AppError('misconfigured', 'There is no base backup that an incremental one could build on', {
    hint: 'Set BACKUP_BASE=true and take a full backup first: zava-mcp-server backup create --kind full.',
  });
}

/** Where `--to` leads: a connection string, or a database beside the one of POSTGRES_OWNER_URL. Never a password on the command line. */
export function restoreConnection(config: Config, to: string): DatabaseConnection {
  const owner = config.postgresOwnerUrl === undefined ? undefined : parseConnection(config.postgresOwnerUrl, config);
  if (!to.includes('://')) {
    if (owner !== undefined) return { ...owner, address: { ...owner.address, database: to } };
    throw new AppError('misconfigured', `--to ${to} names a database of the server of POSTGRES_OWNER_URL, which is not set`, {
      hint: 'Set it, or give a connection string: --to postgresql://<owner>@<host>/<database>.',
    });
  }
  if (!/^postgres(ql)?:\/\//.test(to) || !URL.canParse(to)) {
    throw new AppError('invalid_input', '--to is not a connection string of PostgreSQL', {
      hint: 'Write postgresql://<owner>@<host>:5432/<database> and give the password in PGPASSWORD.',
    });
  }
  const { address, login } = parseConnection(to, config);
  const known = login.user === owner?.login.user ? owner.login.password : undefined;
  return { address, login: { ...login, password: login.password ?? known ?? environmentLookup()('PGPASSWORD') } };
}

export interface RestoreOptions {
  readonly config: Config;
  readonly place: BackupPlace;
  readonly manifest: Manifest;
  readonly connection: DatabaseConnection;
  readonly replace?: boolean;
}

/** Into a database that bootstrap has prepared, as its owner; then counts and digests of every table are compared. */
export async function restoreIntoServer(options: RestoreOptions, waiting: Waiting): Promise<void> {
  const { connection, manifest } = options;
  const session = await openSession(options.config, toUrl(connection));
  try {
    await restoreWith(options, session, waiting);
    const total = Object.keys(manifest.tables).length;
    const found = await digestTables(session, (done) => waiting.onProgress({ step: 'tables compared', done, total }));
    const differences = compareTables(manifest.tables, found);
    if (differences.length === 0) return;
    throw new AppError('dependency_unavailable', `Restored, but not the same: ${differences.slice(0, 5).join('; ')}`, {
      hint: 'Did something write meanwhile? Restore into a new database, and verify the backup.',
    });
  } finally {
    await session.close();
  }
}

/** Without the comparison: whoever calls makes it. */
export async function restoreWith(
  { config, place, manifest, connection, replace = false }: RestoreOptions,
  session: Awaited<ReturnType<typeof openSession>>,
  waiting: Waiting,
): Promise<void> {
  const [server] = await session.query("SELECT current_setting('server_version_num')::int / 10000 AS major");
  const least = Math.max(Number(server?.major), manifest.toolMajor);
  await restoreDump({
    ...waiting,
    manifest,
    artefacts: place.artefacts,
    tool: await findPgTool(config, 'pg_restore', { least }),
    target: {
      session,
      env: programEnvironment(connection),
      owner: `${config.postgresRolePrefix}_owner`,
      database: connection.address.database,
    },
    replace,
  });
}

/** The form that `openSession` takes. */
export function toUrl({ address, login }: DatabaseConnection): string {
  const url = new URL('postgresql://localhost');
  url.username = encodeURIComponent(login.user);
  url.password = encodeURIComponent(login.password ?? '');
  url.pathname = `/${encodeURIComponent(address.database)}`;
  url.searchParams.set('host', address.host);
  url.port = String(address.port);
  url.searchParams.set('sslmode', address.sslMode);
  return url.href;
}
