import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';
import { packageRoot } from '../core/package-root.ts';
import { expandPieces, readCorePieces, refuseMissingPieces } from './core-pieces.ts';
import type { OwnerSession } from './database.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
  /** False for files whose first line is `-- non-transactional` (CREATE INDEX CONCURRENTLY and the like). */
  readonly transactional: boolean;
}

const shippedCore = new URL('migrations/core/', packageRoot);

/**
 * Files are named `0001_what_it_does.sql`, without a gap. The checksum covers the text with the core's pieces in it
 * (`core-pieces.ts`), and before the role prefix is filled in. Throws `misconfigured` where a file or a piece is out of line.
 */
export async function readMigrations(directory: URL, core: URL = shippedCore): Promise<Migration[]> {
  const pieces = await readCorePieces(core);
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  const read = await Promise.all(
    files.map(async (file, index) => {
      const name = nameOf(file, index + 1);
      return { name, ...expandPieces(file, await readFile(new URL(file, directory), 'utf8'), pieces) };
    }),
  );
  refuseMissingPieces(
    read.flatMap((file) => file.pieces),
    pieces,
    fourDigits(files.length + 1),
  );
  return read.map(({ name, text }, index) => ({
    ...{ version: index + 1, name, text },
    checksum: createHash('sha256').update(text).digest('hex'),
    transactional: !text.startsWith('-- non-transactional'),
  }));
}

function nameOf(file: string, version: number): string {
  const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
  if (match !== null && Number(match[1]) === version) return match[2] ?? '';
  throw new AppError('misconfigured', `The migration file ${file} is out of line`, {
    hint: `Name it ${fourDigits(version)}_<what_it_does>.sql.`,
  });
}

const fourDigits = (version: number) => String(version).padStart(4, '0');

export interface MigrateOptions {
  readonly session: OwnerSession;
  readonly migrations: readonly Migration[];
  /** Replaces `{{prefix}}` in the files. */
  readonly prefix: string;
  /** Stop after this version; absent = all. */
  readonly upTo?: number;
  readonly onApplied?: (migration: Migration) => void;
}

// Any number that no other tool takes: one migrator at a time.
const lockKey = 7_282_110_521;

/** Forward only. Two replicas that start at once take turns; the second finds nothing left to do. Returns how many were applied. */
export async function migrate({ session, migrations, prefix, upTo = Infinity, onApplied }: MigrateOptions): Promise<number> {
  await session.query('SELECT pg_advisory_lock($1)', [lockKey]);
  try {
    await session.script(`
      CREATE SCHEMA IF NOT EXISTS ops;
      CREATE TABLE IF NOT EXISTS ops.schema_migrations (
        version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());`);
    const applied = await session.query('SELECT version, name, checksum FROM ops.schema_migrations ORDER BY version');
    checkHistory(migrations, applied);
    const due = migrations.filter((migration) => migration.version > applied.length && migration.version <= upTo);
    for (const migration of due) {
      await apply(session, migration, prefix);
      onApplied?.(migration);
    }
    return due.length;
  } finally {
    await session.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => {});
  }
}

function checkHistory(migrations: readonly Migration[], applied: readonly Record<string, string | null>[]): void {
  for (const row of applied) {
    const known = migrations[Number(row.version) - 1];
    if (known === undefined) {
      throw new AppError('misconfigured', `The database has migration ${row.version}, which this release does not know`, {
        hint: 'Use a release at least as new as the one that migrated the database.',
      });
    }
    if (known.name !== row.name) {
      throw new AppError(
        'misconfigured',
        `Migration ${row.version} of the database is ${row.name}, and of the schema ${known.name}`,
        {
          hint: 'The database was made for another schema: name its schema in SCHEMA_DIR, or another database (DATA_DIR).',
        },
      );
    }
    if (known.checksum !== row.checksum) {
      throw new AppError('misconfigured', `Migration ${known.version} (${known.name}) was changed after it had been applied`, {
        hint: 'Restore the file and put the change into a new migration.',
      });
    }
  }
}

async function apply(session: OwnerSession, migration: Migration, prefix: string): Promise<void> {
  const text = migration.text.replaceAll('{{prefix}}', prefix);
  const note = `INSERT INTO ops.schema_migrations (version, name, checksum) VALUES (${migration.version}, '${migration.name}', '${migration.checksum}')`;
  try {
    if (migration.transactional) await session.script(`BEGIN;\n${text}\n;${note};\nCOMMIT;`);
    else {
      await session.script(text);
      await session.script(note);
    }
  } catch (error) {
    // A lost connection has rolled back on its own.
    if (migration.transactional) await session.script('ROLLBACK').catch(() => {});
    throw failed(migration, error);
  }
}

function failed({ version, name, transactional }: Migration, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError('misconfigured', `Migration ${version} (${name}) failed: ${reason}`, {
    hint: transactional
      ? 'It was rolled back and nothing of it was kept; what came before it stays applied. Mend the cause and migrate again.'
      : 'It runs outside a transaction, so a part of it may stand: look, clear that up, and migrate again.',
    cause,
  });
}
