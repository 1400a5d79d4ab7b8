import type { Clock } from '../core/clock.ts';
import type { OperationsDatabase } from './operations-database.ts';
import type { RevocationStore } from './revocation.ts';

export interface DatabaseRevocationOptions {
  readonly database: OperationsDatabase;
  readonly clock: Clock;
}

/** Ids are drawn before a transaction commits, so a lower one may appear after a higher one: for this long it is looked for. */
const overlapMs = 60_000;
const pruneEveryMs = 3_600_000;

/** `ops.revocations`: shared by all replicas, and there after a restart. */
export function createDatabaseRevocation({ database, clock }: DatabaseRevocationOptions): RevocationStore {
  /** Everything up to this id has been read. */
  let settled = 0;
  let seen = { highest: 0, at: Number.NEGATIVE_INFINITY };
  let prunedAt = Number.NEGATIVE_INFINITY;

  const prune = async () => {
    if (clock.monotonic() - prunedAt < pruneEveryMs) return;
    prunedAt = clock.monotonic();
    // Two minutes: an entry outlives its tokens by more than the clock skew that verification allows.
    await database.query("DELETE FROM ops.revocations WHERE expires_at < now() - interval '2 minutes'");
  };
  return {
    async add({ by, value, revokedAt, expiresAt, reason }) {
      await database.query(
        `INSERT INTO ops.revocations (${by}, revoked_at, expires_at, reason)
         VALUES ($1, to_timestamp($2::float8 / 1000), to_timestamp($3::float8 / 1000), $4)`,
        [value, revokedAt, expiresAt, reason],
      );
    },
    async news() {
      await prune();
      const rows = await database.query(
        `SELECT revocation_id, jti, subject, reason, extract(epoch FROM revoked_at) * 1000 AS revoked_at,
         extract(epoch FROM expires_at) * 1000 AS expires_at FROM ops.revocations WHERE revocation_id > $1`,
        [settled],
      );
      if (clock.monotonic() - seen.at >= overlapMs) {
        settled = seen.highest;
        const highest = rows.reduce((most, row) => Math.max(most, Number(row.revocation_id)), settled);
        seen = { highest, at: clock.monotonic() };
      }
      return rows.map((row) => ({
        by: row.jti === null ? ('subject' as const) : ('jti' as const),
        value: row.jti ?? row.subject ?? '',
        revokedAt: Number(row.revoked_at),
        expiresAt: Number(row.expires_at),
        reason: row.reason ?? '',
      }));
    },
  };
}
