import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Artefacts } from './artefacts.ts';
import type { Waiting } from './backup-source.ts';
import { gunzipped } from './base-source.ts';
import { type Manifest, partOf } from './manifest.ts';
import type { PgTool } from './pg-tools.ts';
import { feedProgram, runProgram } from './run-program.ts';

export interface RestoreClusterOptions extends Waiting {
  /** The full backup first, then the incremental ones up to the wanted one. */
  readonly chain: readonly Manifest[];
  readonly artefacts: Artefacts;
  readonly combine: PgTool;
  readonly verify: PgTool;
  /** Becomes the data directory of a new server: not there yet, or empty. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Unpacks a chain of base backups beside the directory, joins and checks them with PostgreSQL's own programs, then renames. */
export async function restoreCluster(options: RestoreClusterOptions): Promise<void> {
  const { chain, artefacts, combine, verify, env, signal, onProgress } = options;
  const directory = resolve(options.directory);
  await requireAbsent(directory);
  const aside = `${directory}.restoring`;
  // What a killed attempt left.
  await rm(aside, { recursive: true, force: true });
  try {
    const folders: string[] = [];
    for (const [index, manifest] of chain.entries()) {
      const part = partOf(manifest, 'base');
      if (part === undefined) throw noBase(manifest);
      const folder = join(aside, String(index));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      onProgress({ step: 'backups unpacked', done: index, total: chain.length });
      const args = ['-x', '-p', '--no-same-owner', '-f', '-', '-C', folder];
      await feedProgram({ path: 'tar', args, env, signal }, gunzipped(artefacts.read(part, { signal })));
      folders.push(folder);
    }
    onProgress({ step: 'backups unpacked', done: chain.length, total: chain.length });
    const [first = ''] = folders;
    const whole = folders.length === 1 ? first : join(aside, 'whole');
    if (whole !== first) await runProgram({ path: combine.path, args: [...folders, '--output', whole], env, signal });
    await runProgram({ path: verify.path, args: ['--exit-on-error', '--quiet', whole], env, signal });
    await rmdir(directory).catch(() => {});
    await rename(whole, directory);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

export async function requireAbsent(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries.length === 0) return;
  throw new AppError('invalid_input', `${directory} is not empty`, {
    hint: 'Name a folder that is not there yet: a restore never writes over a database.',
  });
}

function noBase({ name }: Manifest): AppError {
  return new AppError('invalid_input', `${name} holds no base backup`, {
    hint: 'A dump is restored into a database: backup restore <name> --to <url>. Full backups hold a base with BACKUP_BASE=true.',
  });
}
