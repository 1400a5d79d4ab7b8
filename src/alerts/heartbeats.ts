import type { Clock } from '../core/clock.ts';
import { within } from '../core/within.ts';
import type { Database } from '../postgres/database.ts';

export interface HeartbeatsOptions {
  readonly database: Pick<Database, 'query'>;
  /** Names this process among all that share the database; another one after a restart. */
  readonly server: string;
  /** One that has not been heard of for so long is gone. */
  readonly silentMs: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Of one that is gone nothing is said after this: whoever looks after the servers has decided that so many are enough. */
const rememberedHours = 1;
const partingMs = 1000;

// All by the one clock of the database.
const beatStatement = `
  INSERT INTO ops.server_heartbeats AS known (server, started_at, seen_at) VALUES ($1, clock_timestamp(), clock_timestamp())
  ON CONFLICT (server) DO UPDATE SET seen_at = clock_timestamp()`;
const lostStatement = `
  WITH silent AS (SELECT clock_timestamp() - $1::int * interval '1 millisecond' AS since),
  gone AS (
    SELECT count(*) AS count, min(seen_at) AS first FROM ops.server_heartbeats, silent
    WHERE seen_at < since AND seen_at > clock_timestamp() - interval '${rememberedHours} hours'
  )
  SELECT greatest(0, gone.count - (
    SELECT count(*) FROM ops.server_heartbeats, silent WHERE seen_at >= since AND started_at > gone.first
  ))::text AS lost FROM gone`;
const forgetStatement = `DELETE FROM ops.server_heartbeats WHERE seen_at < clock_timestamp() - interval '${rememberedHours} hours'`;
const signOffStatement = 'DELETE FROM ops.server_heartbeats WHERE server = $1';

/**
 * Says that this server is there, and counts those that fell silent without having signed off and that no newer one has replaced.
 * While the database is away nobody can be heard: then, and until everybody has had the time to speak again, nothing is known.
 */
export function createHeartbeats({ database, server, silentMs, clock }: HeartbeatsOptions) {
  let hearingSince: number | undefined;
  let lastBeat = Number.NEGATIVE_INFINITY;
  let closed = false;
  const beat = async () => {
    const before = clock.monotonic();
    try {
      await database.query(beatStatement, [server]);
    } catch (error) {
      hearingSince = undefined;
      throw error;
    }
    const now = clock.monotonic();
    // Who was late itself does not judge others by their silence.
    if (now - lastBeat > silentMs || now - before > silentMs / 2) hearingSince = now;
    lastBeat = now;
  };
  return {
    /** Servers that are gone; undefined while that cannot be known. Rejects where the database does not answer. */
    async look(): Promise<number | undefined> {
      if (closed) return undefined;
      await beat();
      if (hearingSince === undefined) hearingSince = clock.monotonic();
      if (clock.monotonic() - hearingSince < 2 * silentMs) return undefined;
      const [row] = await database.query(lostStatement, [Math.round(silentMs)]);
      await database.query(forgetStatement);
      return Number(row?.lost);
    },
    /** Ends in order: nobody is to miss it. */
    async close(): Promise<void> {
      closed = true;
      await within(partingMs, database.query(signOffStatement, [server])).catch(() => {});
    },
  };
}
export type Heartbeats = ReturnType<typeof createHeartbeats>;
