import { createBackupRecords } from '../../backup/records.ts';
import { databaseTarget } from '../../config/database-target.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../core/clock.ts';
import type { Observation } from '../../core/observation.ts';
import { openOwnerSession } from '../../postgres/owner-session.ts';
import { type OpenedDatabase, openNamedSession } from '../adapters.ts';
import { spoolRecords } from '../audit-spool.ts';
import { recordNow, recordsOf } from '../record-now.ts';

/**
 * Into the audit trail of the configured database. Whoever restores may not have one any more: then the records wait on this
 * machine's disk for the next server to start.
 */
export async function recordBackups(
  config: Config,
  observations: readonly Observation[],
  embedded?: OpenedDatabase,
): Promise<void> {
  if (observations.length === 0) return;
  if (embedded !== undefined) return recordNow(embedded.database, systemClock, observations);
  const target = databaseTarget(config);
  try {
    if (target.kind === 'embedded') throw new Error('nobody holds the embedded database open');
    const session = await openOwnerSession(target.address, target.login);
    await recordNow(session, systemClock, observations).finally(() => session.close());
  } catch {
    await spoolRecords(config, recordsOf(systemClock, observations));
  }
}

/** For metrics and alerts: when these were read whole. False where the database is not to be had; the verdict stands without it. */
export async function recordVerified(config: Config, names: readonly string[]): Promise<boolean> {
  if (config.postgresOperatorUrl === undefined) return false;
  try {
    const session = await openNamedSession(config, 'postgresOperatorUrl');
    const { verified } = createBackupRecords(session);
    const all = async () => {
      for (const name of names) await verified(name);
    };
    await all().finally(() => session.close());
    return true;
  } catch {
    return false;
  }
}
