import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { AppError } from '../core/errors.ts';
import type { OpenSnapshot } from './backup-source.ts';
import type { PgTool } from './pg-tools.ts';
import { feedProgram, readProgram } from './run-program.ts';
import { readFacts, type Session } from './snapshot.ts';

/** Says by name what a server lacks for base backups: they are never faked by something else. Gives its major version. */
export async function requireBaseBackups(session: Session): Promise<number> {
  const [row] = await session.query(
    `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('summarize_wal', true) AS summaries,
       (rolreplication OR rolsuper)::text AS replication, current_user AS login FROM pg_roles WHERE rolname = current_user`,
  );
  const major = Number(row?.major);
  const lacks = [
    ...(major >= 17 ? [] : [`PostgreSQL 17 or later (this is ${major})`]),
    ...(row?.summaries === 'on' ? [] : ['summarize_wal = on']),
    ...(row?.replication === 'true' ? [] : [`the attribute REPLICATION for ${row?.login}`]),
  ];
  if (lacks.length === 0) return major;
  throw new AppError('misconfigured', `Base and incremental backups are not possible here; missing: ${lacks.join(', ')}`, {
    hint: 'A self-run server can be set up for them; a managed one has its own point-in-time restore (docs/how-to/back-up-and-restore.md). Full backups by pg_dump work everywhere.',
  });
}

export interface BaseSourceOptions {
  /** Of the operator. */
  readonly session: Session;
  readonly tool: PgTool;
  readonly env: Readonly<Record<string, string>>;
  readonly prefix: string;
  /** For an incremental one: PostgreSQL's list of the parent's files, gzipped as it is stored. */
  readonly parentFiles?: AsyncIterable<Uint8Array> | undefined;
}

/** pg_basebackup over the wire: the whole cluster, or what changed since the parent, with the WAL that makes it consistent. */
export function createBaseSource({ session, tool, env, prefix, parentFiles }: BaseSourceOptions): OpenSnapshot {
  return async ({ signal }) => {
    const facts = await readFacts(session, prefix);
    const [row] = await session.query('SELECT sum(pg_database_size(oid))::text AS size FROM pg_database WHERE datallowconn');
    const folder = await mkdtemp(join(tmpdir(), 'zava-backup-'));
    const close = () => rm(folder, { recursive: true, force: true });
    try {
      const args = [
        ...[
          '--pgdata=-',
          '--format=tar',
          '--wal-method=fetch',
          '--checkpoint=fast',
          '--manifest-checksums=SHA256',
          '--no-password',
        ],
        ...(parentFiles === undefined ? [] : [`--incremental=${await keepFiles(parentFiles, folder)}`]),
      ];
      const base = () => keepManifest(readProgram({ path: tool.path, args, env, signal }), folder, env, signal);
      return {
        facts,
        tables: {},
        toolMajor: tool.major,
        estimatedBytes: parentFiles === undefined ? Number(row?.size) : 0,
        parts: [
          { role: 'base', read: () => gzipped(base()) },
          { role: 'base_manifest', read: () => gzipped(createReadStream(join(folder, 'backup_manifest'))) },
        ],
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  };
}

/** A full backup that incremental ones can build on: both, one after the other. The facts are the dump's. */
export function joinSources(dump: OpenSnapshot, base: OpenSnapshot): OpenSnapshot {
  return async (waiting) => {
    const first = await dump(waiting);
    try {
      const second = await base(waiting);
      return {
        ...first,
        parts: [...first.parts, ...second.parts],
        close: async () => {
          await Promise.allSettled([first.close(), second.close()]);
        },
      };
    } catch (error) {
      await first.close();
      throw error;
    }
  };
}

async function keepFiles(parentFiles: AsyncIterable<Uint8Array>, folder: string): Promise<string> {
  const path = join(folder, 'parent_manifest');
  await writeFile(path, gunzipped(parentFiles), { mode: 0o600 });
  return path;
}

/** Passes the archive on, and keeps the list of files that is its last entry. */
async function* keepManifest(
  archive: AsyncIterable<Uint8Array>,
  folder: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const copy = new PassThrough();
  const args = ['-x', '-f', '-', '-C', folder, 'backup_manifest'];
  const keeping = feedProgram({ path: 'tar', args, env, signal }, copy);
  keeping.catch(() => {});
  try {
    for await (const piece of archive) {
      if (!copy.destroyed && !copy.write(piece)) await Promise.race([once(copy, 'drain'), keeping]);
      yield piece;
    }
    copy.end();
    await keeping;
  } finally {
    copy.destroy();
  }
}

function gzipped(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // The reader of the last stream is told of a failure of any.
  return pipeline(Readable.from(source, { objectMode: false }), createGzip({ level: 1 }), () => {});
}

export function gunzipped(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(source, { objectMode: false }), createGunzip(), () => {});
}
