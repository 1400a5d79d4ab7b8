import pg from 'pg';
import { within } from '../core/within.ts';
import { type Login, type ServerAddress, toClientConfig } from './connection-settings.ts';
import { parseLsn } from './replay-mark.ts';

/** What a server says of itself. */
export interface StandbyState {
  /** False for a server that takes writes. */
  readonly standby: boolean;
  /** What it has replayed and shows; never goes back while it runs. */
  readonly replayed: bigint;
  readonly system: string;
  /** Of its last checkpoint: after the primary was replaced it follows within a checkpoint's time. */
  readonly timeline: number;
}

export interface StandbyProbe {
  /** Rejects when there is no answer within the time. */
  ask(answerMs: number): Promise<StandbyState>;
  hangUp(): void;
}

const query = `SELECT pg_is_in_recovery()::text AS standby, coalesce(pg_last_wal_replay_lsn(), '0/0')::text AS replayed,
  (pg_control_system()).system_identifier::text AS system, (pg_control_checkpoint()).timeline_id::text AS timeline`;

/** A connection of its own: behind callers' statements the question would wait when it matters most. */
export async function openStandbyProbe(address: ServerAddress, login: Login, answerMs: number): Promise<StandbyProbe> {
  const client = new pg.Client({ ...toClientConfig(address, login), connectionTimeoutMillis: answerMs });
  client.on('error', () => {});
  const hangUp = () => (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  try {
    await within(answerMs, client.connect());
  } catch (error) {
    hangUp();
    throw error;
  }
  return {
    async ask(patienceMs) {
      const { rows } = await within(patienceMs, client.query(query));
      const { standby, replayed, system, timeline } = rows[0] as Record<string, string>;
      return {
        standby: standby === 'true',
        replayed: parseLsn(replayed ?? ''),
        system: system ?? '',
        timeline: Number(timeline),
      };
    },
    hangUp,
  };
}
