import type { Database, TextRow } from './database.ts';
import type { VersionsSink } from './table-listener.ts';

/** What a standby must be and have replayed so that it shows every change this process has heard of. */
export interface ReplayMark {
  /** Position in the primary's log, as PostgreSQL writes it: `16/B374D848`. */
  readonly lsn: string;
  readonly position: bigint;
  /** Of the cluster: a server of another one shares nothing with the primary but its address. */
  readonly system: string;
  /** Of the log, raised by every promotion: a standby that stayed behind on an old one may hold what never happened. */
  readonly timeline: number;
}

/**
 * The end of the log may be something that nobody commits (a page that a query tidied up), which stays unsent while the primary
 * rests. Then this transaction takes a number, so that it has a commit of its own, which the WAL writer flushes with all before it
 * within three times `wal_writer_delay`, 0.2 s as a rule (https://www.postgresql.org/docs/17/wal-async-commit.html). What has been
 * flushed already would not do as the mark: a commit that its writer did not wait for is visible before.
 */
const markQuery = `SELECT pg_current_wal_insert_lsn()::text AS lsn,
  CASE WHEN pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() THEN pg_current_xact_id()::text END AS number,
  (pg_control_system()).system_identifier::text AS system,
  ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int::text AS timeline`;

/**
 * Told of the tables' versions BEFORE anybody who stamps answers with them: from the same moment there is no mark, until the
 * primary's position has been read anew. That position is read after the change was heard of, and so after its commit. Without a
 * listener there is no mark, since changes go unheard.
 */
export function createReplayMark(primary: Pick<Database, 'query'>, onMoved: () => void) {
  let versions: Map<string, string> | undefined;
  let mark: ReplayMark | undefined;
  let heard = 0;
  let reading = false;

  const read = async () => {
    if (reading) return;
    reading = true;
    try {
      // What was heard while it was read may be behind what was read.
      for (let before = -1; before !== heard; ) {
        before = heard;
        const [row] = await primary.query(markQuery);
        if (before === heard && versions !== undefined) mark = toMark(row);
      }
      onMoved();
    } catch {
      // The listener reads the versions once a second: then it is tried again.
    } finally {
      reading = false;
    }
  };
  const move = () => {
    mark = undefined;
    heard += 1;
    void read();
  };
  const sink: VersionsSink = {
    replaceAll(all) {
      const known = versions;
      versions = new Map(all);
      const same = known?.size === all.size && [...all].every(([table, version]) => known.get(table) === version);
      if (!same) move();
      else if (mark === undefined) void read();
    },
    changed(table, version) {
      if (versions?.get(table) === version) return;
      versions?.set(table, version);
      move();
    },
    lost() {
      versions = undefined;
      mark = undefined;
      heard += 1;
      onMoved();
    },
  };
  return { sink, current: () => mark };
}

function toMark(row: TextRow | undefined): ReplayMark {
  const { lsn, system, timeline } = row ?? {};
  if (typeof lsn !== 'string' || typeof system !== 'string') throw new Error('the primary did not tell its position');
  return { lsn, position: parseLsn(lsn), system, timeline: Number(timeline) };
}

/** `16/B374D848` → 0x16B374D848: https://www.postgresql.org/docs/17/datatype-pg-lsn.html */
export function parseLsn(text: string): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text) ?? [];
  if (high === undefined || low === undefined) throw new Error(`${text} is no position in a log`);
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** Tells both, the first one first. */
export function toldFirst(first: VersionsSink, second: VersionsSink): VersionsSink {
  return {
    replaceAll(versions) {
      first.replaceAll(versions);
      second.replaceAll(versions);
    },
    changed(table, version) {
      first.changed(table, version);
      second.changed(table, version);
    },
    lost() {
      first.lost();
      second.lost();
    },
  };
}
