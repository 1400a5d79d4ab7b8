import type { Database } from '../postgres/database.ts';
import { type ClaimPlace, claimSlackMs, claimsKeptMs, endClaims } from './claims.ts';

export interface DatabaseClaimsOptions {
  readonly database: Pick<Database, 'query'>;
  /** Names this process among all that share the database. */
  readonly holder: string;
  readonly cooldownMs: number;
  /** A holder renews at every evaluation: one that is silent for longer has ended. */
  readonly silentMs: number;
}

/** One round trip; what is too old goes with it. */
const beginStatement = `
  WITH forgotten AS (
    DELETE FROM ops.alert_notices WHERE seen_at < now() - interval '${claimsKeptMs / 1000} seconds' AND alert <> $1
  )
  INSERT INTO ops.alert_notices AS known (alert, holder, notified_at, seen_at) VALUES ($1, $2, now(), now())
  ON CONFLICT (alert) DO UPDATE SET holder = excluded.holder, notified_at = now(), seen_at = now()
    WHERE known.notified_at <= now() - $3::int * interval '1 millisecond'
  RETURNING alert`;
const endStatement = `
  WITH ended AS (
    UPDATE ops.alert_notices SET holder = NULL WHERE alert = $1
      AND (holder = $2 OR holder IS NOT NULL AND seen_at < now() - $3::int * interval '1 millisecond')
    RETURNING alert
  )
  SELECT CASE
    WHEN EXISTS (SELECT FROM ended) THEN 1
    WHEN EXISTS (SELECT FROM ops.alert_notices WHERE alert = $1 AND holder IS NOT NULL) THEN 2
    ELSE 0
  END AS outcome`;
const renewStatement = `
  INSERT INTO ops.alert_notices AS known (alert, holder, notified_at, seen_at)
    SELECT alert, $1, now(), now() FROM unnest($2::text[]) AS alert
  ON CONFLICT (alert) DO UPDATE SET seen_at = now() WHERE known.holder = $1`;

/** A row in the database for each alert that was told of. */
export function createDatabaseClaims({ database, holder, cooldownMs, silentMs }: DatabaseClaimsOptions): ClaimPlace {
  return {
    begin: async (alert) => (await database.query(beginStatement, [alert, holder, cooldownMs - claimSlackMs])).length > 0,
    async end(alert) {
      const [row] = await database.query(endStatement, [alert, holder, silentMs]);
      return endClaims[Number(row?.outcome)] ?? 'over';
    },
    async renew(alerts) {
      await database.query(renewStatement, [holder, alerts]);
    },
  };
}
