import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AppError } from '../core/errors.ts';

export type PgProgram = 'pg_dump' | 'pg_restore' | 'pg_basebackup' | 'pg_combinebackup' | 'pg_verifybackup';

export interface PgTool {
  readonly program: PgProgram;
  readonly path: string;
  readonly major: number;
}

export interface FindToolOptions {
  /** POSTGRES_BIN_DIR: then nowhere else is looked. */
  readonly binDir?: string | undefined;
  /** The search path for programs. */
  readonly path?: string | undefined;
  /** Where distributions keep one folder a version. */
  readonly versionedDirs?: readonly string[];
}

/** Debian and its relatives, the RPMs of postgresql.org, Homebrew. */
const usualVersionedDirs = ['/usr/lib/postgresql', '/usr', '/opt/homebrew/opt', '/usr/local/opt'];

export type MajorRange = { readonly least: number; readonly most?: number };

/** The oldest one that is new enough: what it writes, older servers can still read. */
export async function findTool(program: PgProgram, majors: MajorRange, options: FindToolOptions = {}): Promise<PgTool> {
  const found = await Promise.all(candidates(program, options).map((path) => identify(program, path)));
  const known = found.filter((tool) => tool !== undefined);
  const usable = known
    .filter(({ major }) => major >= majors.least && major <= (majors.most ?? Infinity))
    .sort((a, b) => a.major - b.major)[0];
  if (usable !== undefined) return usable;
  const wanted = majors.most === majors.least ? `PostgreSQL ${majors.least}'s own` : `one of PostgreSQL ${majors.least} or later`;
  const have = known.map(({ path, major }) => `${path} is of ${major}`).join(', ');
  const package_ = /pg_(dump|restore|basebackup)$/.test(program) ? 'postgresql-client' : 'postgresql';
  throw new AppError('misconfigured', `There is no usable ${program}: ${wanted} is needed${have === '' ? '' : `, and ${have}`}`, {
    hint: `Install the package ${package_}-${majors.least} (Debian and Ubuntu; apt.postgresql.org has every version), or set POSTGRES_BIN_DIR to the folder that holds it.`,
  });
}

function candidates(program: PgProgram, options: FindToolOptions): string[] {
  const { binDir, path = '', versionedDirs = usualVersionedDirs } = options;
  const folders =
    binDir !== undefined
      ? [binDir]
      : [...path.split(delimiter).filter((folder) => folder !== ''), ...versionedDirs.flatMap(versions)];
  return [...new Set(folders.map((folder) => join(folder, program)))].filter(existsSync);
}

/** `/usr/lib/postgresql/17/bin`, `/usr/pgsql-17/bin`, `…/postgresql@17/bin`. */
function versions(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^(\d+|pgsql-\d+|postgresql@\d+)$/.test(name))
    .map((name) => join(folder, name, 'bin'));
}

function identify(program: PgProgram, path: string): Promise<PgTool | undefined> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 10_000 }, (error, stdout) => {
      const major = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
      resolve(error !== null || major === undefined ? undefined : { program, path, major: Number(major) });
    });
  });
}
