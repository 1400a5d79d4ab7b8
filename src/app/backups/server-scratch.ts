import { randomBytes } from 'node:crypto';
import type { Waiting } from '../../backup/backup-source.ts';
import type { Scratch } from '../../backup/drill.ts';
import { digestTables } from '../../backup/snapshot.ts';
import { databaseTarget, parseConnection } from '../../config/database-target.ts';
import { AppError } from '../../core/errors.ts';
import { installKeys, quoteIdentifier } from '../../postgres/bootstrap.ts';
import type { OwnerSession } from '../../postgres/database.ts';
import { createPoolDatabase } from '../../postgres/pool-database.ts';
import { migrateSchema, openNamedSession, openSession } from '../adapters.ts';
import type { BackupJobOptions } from './backup-job.ts';
import type { BackupPlace } from './backup-store.ts';
import { faultsOf } from './prove-scratch.ts';
import { restoreWith, toUrl } from './server-backups.ts';

/** Made by `bootstrap --for-drills`: extensions, keys and revokes are an administrator's, and a copy has them. */
export const drillTemplateOf = (database: string) => `${database}_drill_template`;
const scratchPrefixOf = (database: string) => `${database}_drill_`;

/** A new database beside the real one, by the owner's right to create databases. */
export async function openServerScratch(options: BackupJobOptions, place: BackupPlace): Promise<Scratch> {
  const { config, served } = options;
  const keeper = await openNamedSession(config, 'postgresOwnerUrl');
  const owner = parseConnection(config.postgresOwnerUrl ?? '', config);
  const database = `${scratchPrefixOf(owner.address.database)}${randomBytes(4).toString('hex')}`;
  const connection = { ...owner, address: { ...owner.address, database } };
  let session: OwnerSession | undefined;
  const drop = async () => {
    await session?.close();
    try {
      await keeper.script(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)}`);
    } finally {
      await keeper.close();
    }
  };
  try {
    await dropLeftovers(keeper, owner.address.database);
    await createScratch(keeper, owner.address.database, database);
    const logins = ['owner', 'operator', 'server', ...served.definition.readerRoles.map(({ suffix }) => suffix)];
    await keeper.script(`REVOKE ALL ON DATABASE ${quoteIdentifier(database)} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${logins.map((suffix) => `${config.postgresRolePrefix}_${suffix}`).join(', ')}`);
    session = await openSession(config, toUrl(connection));
    await installKeys({ session, prefix: config.postgresRolePrefix, signingKey: options.signingKey() });
  } catch (error) {
    await drop();
    throw error;
  }
  const opened = session;
  return {
    restore: (manifest, waiting: Waiting) => restoreWith({ config, place, manifest, connection }, opened, waiting),
    tables: () => digestTables(opened),
    async prove() {
      await migrateSchema(config, served, opened, () => {});
      const target = databaseTarget(config);
      if (target.kind === 'embedded') throw new Error('a scratch database of a server needs a server');
      const pool = await createPoolDatabase({
        address: { ...target.address, ...connection.address },
        server: { ...target.login, user: target.login.user },
        reader: (suffix) => ({ user: `${config.postgresRolePrefix}_${suffix}`, password: target.readerPassword }),
        useScopeFunction: served.definition.useScopeFunction,
        maxConnections: 4,
      });
      // An administrator sets these for one database by name, and nobody else may.
      return faultsOf(options, pool, ['role_setting_missing']).finally(() => pool.close());
    },
    drop,
  };
}

async function createScratch(keeper: OwnerSession, database: string, scratch: string): Promise<void> {
  const template = drillTemplateOf(database);
  const [known] = await keeper.query('SELECT 1 AS known FROM pg_database WHERE datname = $1 AND datistemplate', [template]);
  if (known === undefined) {
    throw new AppError('misconfigured', `There is no database ${template} to make a scratch database from`, {
      hint: 'Once, by an administrator: zava-mcp-server bootstrap --admin-url <url> --for-drills.',
    });
  }
  await keeper.script(`CREATE DATABASE ${quoteIdentifier(scratch)} TEMPLATE ${quoteIdentifier(template)}`);
}

/** Of drills that were killed: nobody is connected to them any more. */
async function dropLeftovers(keeper: OwnerSession, database: string): Promise<void> {
  const left = await keeper.query(
    `SELECT d.datname FROM pg_database d WHERE starts_with(d.datname::text, $1) AND d.datname ~ '_[0-9a-f]{8}$' AND NOT d.datistemplate
       AND pg_has_role(current_user, d.datdba, 'USAGE') AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)`,
    [scratchPrefixOf(database)],
  );
  for (const { datname } of left) await keeper.script(`DROP DATABASE IF EXISTS ${quoteIdentifier(datname ?? '')}`);
}
