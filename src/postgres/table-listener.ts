import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { within } from '../core/within.ts';
import { type Login, type ServerAddress, toClientConfig } from './connection-settings.ts';
import type { Database, OwnerSession, TextRow } from './database.ts';

/** Who is told of the tables' versions. */
export interface VersionsSink {
  replaceAll(versions: ReadonlyMap<string, string>): void;
  changed(table: string, version: string): void;
  lost(): void;
}

/** Starts telling of changes. Calls to `onFailure`: once an outage. */
export type WatchTables = (sink: VersionsSink, onFailure: (error: unknown) => void) => Promise<{ close(): Promise<void> }>;

export interface TableListenerOptions {
  readonly address: ServerAddress;
  /** May read `ops.table_versions`. LISTEN needs no privilege, but a connection of its own: poolers in transaction mode lose it. */
  readonly login: Login;
  /** Messages are `<table>:<version>`. */
  readonly channel: string;
  readonly sink: VersionsSink;
  /** The connection broke, or could not be made: once an outage. */
  readonly onFailure: (error: unknown) => void;
  readonly onReturn?: () => void;
  /** How often the connection is tried; a peer that went away without a word is found within this and `answerMs`. */
  readonly heartbeatMs?: number;
  readonly answerMs?: number;
  /** The wait before a new connection, doubled from the first to the last. */
  readonly retryMs?: { readonly first: number; readonly last: number };
}

const versionsQuery = 'SELECT table_name, version::text AS version FROM ops.table_versions';

/** NOTIFY is delivered at commit, in order: https://www.postgresql.org/docs/17/sql-notify.html. */
export function startTableListener(options: TableListenerOptions) {
  const { sink, onFailure, onReturn, heartbeatMs = 1000, retryMs = { first: 100, last: 5000 } } = options;
  const closing = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: closing.signal }).catch(() => {});
  let failing = false;
  let attempts = 0;

  const listenUntilBroken = async () => {
    const connection = await openListening(options, closing.signal);
    try {
      attempts = 0;
      if (failing) onReturn?.();
      failing = false;
      for (;;) {
        await Promise.race([pause(heartbeatMs), connection.broken]);
        if (closing.signal.aborted) return;
        sink.replaceAll(await connection.versions());
      }
    } finally {
      // Before anything is awaited: from here on changes go unheard.
      sink.lost();
      connection.hangUp();
    }
  };
  const run = async () => {
    while (!closing.signal.aborted) {
      try {
        await listenUntilBroken();
      } catch (error) {
        if (closing.signal.aborted) return;
        if (!failing) onFailure(error);
        failing = true;
        const longest = Math.min(retryMs.first * 2 ** attempts, retryMs.last);
        attempts += 1;
        // Replicas that lost the same server do not all come back at the same moment.
        await pause(longest * (0.5 + Math.random() / 2));
      }
    }
  };
  const running = run();
  return {
    async close(): Promise<void> {
      closing.abort();
      await running;
    },
  };
}

interface Listening {
  versions(): Promise<Map<string, string>>;
  /** Rejects when the connection ends. */
  readonly broken: Promise<never>;
  hangUp(): void;
}

/** Listens first and reads all versions then, so that no change falls in between; only with both are they trusted. */
async function openListening(options: TableListenerOptions, signal: AbortSignal): Promise<Listening> {
  const { address, login, channel, sink, answerMs = 1000 } = options;
  const client = new pg.Client({ ...toClientConfig(address, login), application_name: `${address.applicationName} listener` });
  const hangUp = () => {
    signal.removeEventListener('abort', hangUp);
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  };
  const broken = new Promise<never>((_, reject) => {
    const end = (error: unknown) => {
      sink.lost();
      reject(error);
    };
    client.on('error', end);
    client.on('end', () => end(new Error('the connection that listens for changes has ended')));
  });
  broken.catch(() => {});
  client.on('notification', (message) => {
    const change = message.channel === channel ? parseChange(message.payload) : undefined;
    if (change !== undefined) sink.changed(change.table, change.version);
  });
  const ask = (text: string) => within(answerMs, Promise.race([client.query(text), broken]));
  const versions = async () => toVersions((await ask(versionsQuery)).rows as TextRow[]);
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    await client.connect();
    await ask(`LISTEN ${client.escapeIdentifier(channel)}`);
    sink.replaceAll(await versions());
  } catch (error) {
    sink.lost();
    hangUp();
    throw error;
  }
  return { versions, broken, hangUp };
}

export function parseChange(payload: string | undefined): { table: string; version: string } | undefined {
  const [, table, version] = /^(.+):(\d+)$/s.exec(payload ?? '') ?? [];
  return table === undefined || version === undefined ? undefined : { table, version };
}

function toVersions(rows: readonly TextRow[]): Map<string, string> {
  return new Map(rows.map((row) => [String(row.table_name), String(row.version)]));
}

/**
 * On the embedded database every change comes from this process: the versions are read at the start, and again after whatever the
 * owner's sessions do. While they do it, nothing is trusted.
 */
export async function watchEmbeddedTables(database: Pick<Database, 'query'>, sink: VersionsSink) {
  let writing = 0;
  const read = async () => {
    const versions = toVersions(await database.query(versionsQuery));
    if (writing === 0) sink.replaceAll(versions);
  };
  const noting = async <T>(work: () => Promise<T>): Promise<T> => {
    writing += 1;
    sink.lost();
    try {
      return await work();
    } finally {
      writing -= 1;
      // Unread, nothing is trusted: slower, and right.
      await read().catch(() => {});
    }
  };
  await read();
  return {
    /** The same session, its changes noticed. */
    watched: (session: OwnerSession): OwnerSession => ({
      query: (text, values) => noting(() => session.query(text, values)),
      script: (text) => noting(() => session.script(text)),
      copyRows: (table, columns, rows) => noting(() => session.copyRows(table, columns, rows)),
      close: () => session.close(),
    }),
  };
}
