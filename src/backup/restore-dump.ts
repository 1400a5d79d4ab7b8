import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Artefacts } from './artefacts.ts';
import type { Waiting } from './backup-source.ts';
import { type Manifest, partOf } from './manifest.ts';
import type { PgTool } from './pg-tools.ts';
import { feedProgram } from './run-program.ts';
import { dropAside, putBack, setAside } from './set-aside.ts';
import { keysSchema, type Session } from './snapshot.ts';

export interface RestoreTarget {
  /** Of the owner of the schema, in the database that is restored into. */
  readonly session: Session;
  /** Of the same login, for pg_restore. */
  readonly env: Readonly<Record<string, string>>;
  readonly owner: string;
  readonly database: string;
}

export interface RestoreDumpOptions extends Waiting {
  readonly manifest: Manifest;
  readonly artefacts: Artefacts;
  readonly tool: PgTool;
  readonly target: RestoreTarget;
  /** Puts the owner's schemas aside first, and drops them once the restore is whole; see `set-aside.ts`. */
  readonly replace?: boolean;
}

/**
 * Brings back what the owner owned, in one transaction: a restore that fails, is stopped or killed leaves the database as it
 * was. Roles, extensions and keys are `bootstrap`'s and must be there. Nothing touches the disk unsealed.
 */
export async function restoreDump(options: RestoreDumpOptions): Promise<void> {
  const { manifest, artefacts, tool, target, replace = false, signal, onProgress } = options;
  const part = partOf(manifest, 'dump');
  if (part === undefined) throw noDump(manifest);
  await requireBootstrap(target, manifest);
  if (replace) await setAside(target);
  else await requireEmpty(target);
  const folder = await mkdtemp(join(tmpdir(), 'zava-restore-'));
  try {
    const call = { path: tool.path, env: target.env, signal };
    // The list of contents stands at the head of the file: the rest of this first pass is not read.
    const contents = await feedProgram({ ...call, args: ['--list'] }, artefacts.read(part, { signal }));
    const chosen = join(folder, 'contents');
    await writeFile(chosen, ownedBy(target.owner, contents), { mode: 0o600 });
    const step = 'bytes restored';
    const onBytes = (bytes: number) => onProgress({ step, done: Math.min(bytes, part.bytes - 1), total: part.bytes });
    const args = [
      ...['--single-transaction', '--exit-on-error', '--no-password', `--use-list=${chosen}`],
      `--dbname=${connectionOf(target.database)}`,
    ];
    await feedProgram({ ...call, args }, artefacts.read(part, { signal, onBytes }));
    onProgress({ step, done: part.bytes, total: part.bytes });
    if (replace) await dropAside(target);
    await target.session.script('ANALYZE');
  } catch (error) {
    if (replace) await putBack(target);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Entries of `pg_restore --list` end with their owner; what others own (extensions, built-in functions) is bootstrap's. */
export function ownedBy(owner: string, contents: string): string {
  const entries = contents.split('\n').filter((line) => /^\d+;/.test(line) && line.endsWith(` ${owner}`));
  if (entries.length > 0) return `${entries.join('\n')}\n`;
  throw new AppError('misconfigured', `The backup holds nothing that ${owner} owns`, {
    hint: 'POSTGRES_ROLE_PREFIX must be that of the installation that was backed up, and the login its owner.',
  });
}

const connectionOf = (database: string) => `dbname='${database.replace(/[\\']/g, '\\$&')}'`;

async function requireBootstrap({ session, database }: RestoreTarget, { roles }: Manifest): Promise<void> {
  const missing = await session.query(
    `SELECT 'the role ' || r AS name FROM unnest($1::text[]) r WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r)
     UNION ALL SELECT 'the schema ' || $2 WHERE to_regnamespace($2) IS NULL`,
    [roles, keysSchema],
  );
  if (missing.length === 0) return;
  throw new AppError('misconfigured', `${database} lacks ${missing.map(({ name }) => name).join(', ')}: a backup holds neither`, {
    hint: 'Run zava-mcp-server bootstrap for it first (with the POSTGRES_ROLE_PREFIX of the backup), then restore.',
  });
}

async function requireEmpty({ session, database }: RestoreTarget): Promise<void> {
  const tables = await session.query(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY 1 LIMIT 3`,
    [keysSchema],
  );
  if (tables.length === 0) return;
  throw new AppError(
    'invalid_input',
    `The database ${database} is not empty: it has ${tables.map(({ name }) => name).join(', ')} …`,
    {
      hint: 'Restore into an empty database that bootstrap has prepared, and switch to it; or say --replace to lose what is there.',
    },
  );
}

function noDump({ name, parent }: Manifest): AppError {
  return new AppError('invalid_input', `${name} holds no dump${parent === null ? '' : ': it is an incremental backup'}`, {
    hint: 'Restore it into a new data directory: backup restore <name> --to-directory <folder>.',
  });
}
