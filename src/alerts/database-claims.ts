import { within } from '../core/within.ts';
import type { Database } from '../postgres/database.ts';
import { claimName, type NoticeClaims } from './claims.ts';

export interface DatabaseClaimsOptions {
  readonly database: Pick<Database, 'query'>;
  /** Names this process among all that share the database. */
  readonly holder: string;
  readonly cooldownMs: number;
  readonly limitMs?: number;
}

/** Clocks of replicas differ, and evaluations come at moments of their own. */
const slackMs = 20_000;

/** As long as any alert is remembered, in days. */
const keptDays = 7;

/** A holder renews at every evaluation. */
const silentSeconds = 90;

const claimStatement = `
  INSERT INTO ops.alert_notices AS known (alert, holder, notified_at, seen_at) VALUES ($1, $2, now(), now())
  ON CONFLICT (alert) DO UPDATE SET holder = excluded.holder, notified_at = now(), seen_at = now()
    WHERE known.notified_at <= now() - $3::int * interval '1 millisecond'
  RETURNING alert`;
/** Who told of the beginning tells of the end, or anybody where that one is not heard of. */
const endStatement = `
  UPDATE ops.alert_notices SET holder = NULL WHERE alert = $1
    AND (holder = $2 OR holder IS NOT NULL AND seen_at < now() - interval '${silentSeconds} seconds')
  RETURNING alert`;
const renewStatement = 'UPDATE ops.alert_notices SET seen_at = now() WHERE holder = $1 AND alert = ANY ($2::text[])';
const forgetStatement = `DELETE FROM ops.alert_notices WHERE seen_at < now() - interval '${keptDays} days'`;

/** A row in the database for each alert that was told of. A database that does not answer claims nothing: then each server tells. */
export function createDatabaseClaims({ database, holder, cooldownMs, limitMs = 2000 }: DatabaseClaimsOptions): NoticeClaims {
  return {
    async take(key, kind) {
      const alert = claimName(key);
      const won = async () => {
        if (kind === 'resolved') return (await database.query(endStatement, [alert, holder])).length > 0;
        await database.query(forgetStatement);
        return (await database.query(claimStatement, [alert, holder, cooldownMs - slackMs])).length > 0;
      };
      return within(limitMs, won()).catch(() => true);
    },
    async renew(keys) {
      if (keys.length > 0) await within(limitMs, database.query(renewStatement, [holder, keys.map(claimName)])).catch(() => {});
    },
  };
}
