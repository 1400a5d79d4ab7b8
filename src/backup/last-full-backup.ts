import type { Database } from '../postgres/database.ts';

export interface LastFullBackup {
  readonly name: string;
  /** Seconds since the moment that it would bring back, by the database's clock. */
  readonly ageSeconds: number;
  /** When a backup was last read whole or restored in a drill, in seconds since 1970; undefined when never. */
  readonly verifiedAtSeconds: number | undefined;
  /** How the latest restore test ended. */
  readonly restoreTest: 'passed' | 'failed' | 'never made';
}

/** What metrics, the health check and alerts say of backups. Undefined: there is no full one. The server's own login may ask. */
export async function lastFullBackup(database: Pick<Database, 'query'>): Promise<LastFullBackup | undefined> {
  const [row] = await database.query(
    `SELECT b.name, extract(epoch FROM clock_timestamp() - b.started_at)::text AS age,
       (SELECT extract(epoch FROM max(v.verified_at)) FROM ops.backups v)::text AS verified,
       (SELECT d.drill_outcome FROM ops.backups d WHERE d.drilled_at IS NOT NULL ORDER BY d.drilled_at DESC LIMIT 1) AS drill
     FROM ops.backups b WHERE b.kind = 'full' AND b.outcome = 'done' ORDER BY b.started_at DESC LIMIT 1`,
  );
  if (row === undefined) return undefined;
  return {
    name: row.name ?? '',
    ageSeconds: Math.max(0, Number(row.age)),
    verifiedAtSeconds: row.verified == null ? undefined : Number(row.verified),
    restoreTest: row.drill == null ? 'never made' : (row.drill as 'passed' | 'failed'),
  };
}
