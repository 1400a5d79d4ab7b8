import { closeInOrder } from '../app/lifecycle.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { scopeKey } from '../app/secrets.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { readMigrations } from '../postgres/migrate.ts';
import { prove as proveIsolation } from '../proof/prove.ts';
import { formatReport, type ProofReport } from '../proof/report.ts';
import { createTenantDirectory } from '../query/tenant-directory.ts';
import { exitCodes } from './exit-code.ts';
import { openToldDatabase } from './open-database.ts';
import { closeWithinMs, stoppable, unlessStopped } from './stoppable.ts';

/** The report goes to stdout, to be filed. */
export async function prove({ json }: { readonly json?: boolean }): Promise<number> {
  const report = await stoppable(reportUnlessStopped);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
  return report.passed ? exitCodes.done : exitCodes.failed;
}

async function reportUnlessStopped(stop: AbortSignal): Promise<ProofReport> {
  const config = loadConfig({ serving: 'nothing' });
  const { definition, migrations } = await loadServedSchema(config);
  const key = await scopeKey(config);
  const { database } = await openToldDatabase(config, { key, signal: stop });
  const proving = async () =>
    proveIsolation({
      database,
      definition,
      prefix: config.postgresRolePrefix,
      signingKey: () => key,
      clock: systemClock,
      tenants: await createTenantDirectory({ database, definition, clock: systemClock })(),
      migrations: await readMigrations(migrations),
    });
  try {
    return await unlessStopped(stop, proving());
  } finally {
    await closeInOrder([() => database.close()], { deadlineMs: closeWithinMs(stop) });
  }
}
