import { systemClock } from '../core/clock.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { type MigrateOptions, type Migration, migrate } from '../postgres/migrate.ts';
import { recordNow } from './record-now.ts';

/** Migrates, and records what was applied in the audit trail, which the first migrations make. */
export async function migrateRecorded(options: MigrateOptions): Promise<number> {
  const applied: Migration[] = [];
  try {
    return await migrate({
      ...options,
      onApplied(migration) {
        applied.push(migration);
        options.onApplied?.(migration);
      },
    });
  } finally {
    if (applied.length > 0) await record(options.session, applied);
  }
}

async function record(session: OwnerSession, applied: readonly Migration[]): Promise<void> {
  const [row] = await session.query("SELECT session_user AS login, to_regprocedure('audit.append(jsonb[])') AS append");
  if (row?.append == null) return;
  const by = row.login ?? '';
  await recordNow(
    session,
    systemClock,
    applied.map(({ version, name }) => ({ kind: 'schema_migrated', by, version, name })),
  );
}
