import type { Database } from '../../postgres/database.ts';
import { readMigrations } from '../../postgres/migrate.ts';
import { prove } from '../../proof/prove.ts';
import { createTenantDirectory } from '../../query/tenant-directory.ts';
import type { BackupJobOptions } from './backup-job.ts';

/** What is wrong with the isolation of tenants in a restored database, one line each. `expected`: findings that are no fault here. */
export async function faultsOf(
  options: BackupJobOptions,
  database: Database,
  expected: readonly string[] = [],
): Promise<string[]> {
  const { config, served, clock, signingKey } = options;
  const { definition, migrations } = served;
  const report = await prove({
    ...{ database, definition, clock, signingKey, prefix: config.postgresRolePrefix },
    tenants: await createTenantDirectory({ database, definition, clock })(),
    migrations: await readMigrations(migrations),
  });
  return [
    ...report.findings
      .filter(({ severity, id }) => severity === 'fault' && !expected.includes(id))
      .map(({ where, what }) => `${where} ${what}`),
    ...report.probes.filter(({ passed }) => !passed).map(({ name, detail }) => `${name}: ${detail}`),
  ];
}
