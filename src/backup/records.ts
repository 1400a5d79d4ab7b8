import type { BackupKind, Manifest } from './manifest.ts';
import { bytesOf } from './manifest.ts';
import type { Session } from './snapshot.ts';

// Any number that no other tool takes.
const lockKey = 7_282_110_539;

/** `ops.backups`: what the installation knows of its backups. The store knows which ones there are. */
export function createBackupRecords(session: Session) {
  const update = async (name: string, assignments: string, values: readonly (string | number | null)[] = []) => {
    await session.query(`UPDATE ops.backups SET ${assignments} WHERE name = $1`, [name, ...values]);
  };
  return {
    /**
     * One backup at a time; false where another one is being taken, or was in this very second. A record that a dead process left running is closed as what
     * became of it: `exists` tells whether its backup is there.
     */
    async begin(name: string, kind: BackupKind, startedAtMs: number, place: string, exists: (name: string) => boolean) {
      await session.script("SET lock_timeout = '1s'");
      try {
        await session.query('SELECT pg_advisory_lock($1)', [lockKey]);
      } catch (error) {
        // lock_not_available: that is an answer, not a failure.
        if ((error as { code?: unknown }).code === '55P03') return false;
        throw error;
      }
      for (const { name: left } of await session.query("SELECT name FROM ops.backups WHERE outcome = 'running'")) {
        await update(left ?? '', 'outcome = $2, finished_at = now()', [exists(left ?? '') ? 'done' : 'failed']);
      }
      // A name is a second's: only one that came to nothing may have it already.
      const begun = await session.query(
        `INSERT INTO ops.backups AS b (name, kind, started_at, location, outcome)
         VALUES ($1, $2, to_timestamp($3::float8 / 1000), $4, 'running')
         ON CONFLICT (name) DO UPDATE SET outcome = 'running', started_at = excluded.started_at, finished_at = NULL
           WHERE b.outcome = 'failed' RETURNING name`,
        [name, kind, startedAtMs, place],
      );
      return begun.length > 0;
    },
    async finish(manifest: Manifest) {
      const { name, takenAt, finishedAt, lsn, parent, parts } = manifest;
      await update(
        name,
        `outcome = 'done', started_at = $2, finished_at = $3, bytes = $4, sha256 = decode($5, 'hex'), lsn = $6::pg_lsn,
         base_id = (SELECT b.backup_id FROM ops.backups b WHERE b.name = $7)`,
        [takenAt, finishedAt, bytesOf(manifest), parts[0]?.sha256 ?? null, lsn, parent],
      );
      await session.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => {});
    },
    async fail(name: string) {
      await update(name, "outcome = 'failed', finished_at = now()");
      await session.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => {});
    },
    verified: (name: string) => update(name, 'verified_at = now()'),
    /** How a restore test ended; one that passed has verified every byte, too. */
    drilled: (name: string, passed: boolean, restoreMs: number) =>
      update(
        name,
        `drilled_at = now(), drill_outcome = $2, restore_ms = $3, verified_at = CASE WHEN $2 = 'passed' THEN now() ELSE verified_at END`,
        [passed ? 'passed' : 'failed', Math.round(restoreMs)],
      ),
    expired: (name: string) => update(name, "outcome = 'expired'"),
  };
}
export type BackupRecords = ReturnType<typeof createBackupRecords>;
