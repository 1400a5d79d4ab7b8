import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../core/errors.ts';
import type { Change, ChangedFile, Commit } from './change.ts';

const run = promisify(execFile);

/** Everything between `base` and the working tree, what is not committed yet included. */
export async function readChange(root: string, base: string): Promise<Change> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: root, maxBuffer: 64 * 1024 * 1024 })).stdout;
  // `--end-of-options`: a base that begins with a dash is a name, too.
  const start = await git('merge-base', '--end-of-options', base, 'HEAD').catch((cause) => {
    throw new AppError('invalid_input', `There is no common history with ${base} in ${root}`, {
      hint: 'Fetch it first (git fetch origin main), or name another with --base.',
      cause,
    });
  });
  const from = start.trim();
  const [changed, untracked, log] = await Promise.all([
    git('diff', '--name-status', '--no-renames', '-z', from),
    git('ls-files', '--others', '--exclude-standard', '-z'),
    git('log', '--no-merges', '--format=%s%x1f%an <%ae>%x1f%(trailers:only,unfold)%x1e', `${from}..HEAD`),
  ]);
  const named = [...pairs(changed.split('\0')), ...names(untracked).map((path) => ['A', path] as const)];
  return { files: await Promise.all(named.map(([letter, path]) => changedFile(root, letter, path))), commits: commitsIn(log) };
}

const names = (list: string) => list.split('\0').filter((name) => name !== '');

function pairs(fields: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) found.push([fields[index] ?? '', fields[index + 1] ?? '']);
  return found;
}

async function changedFile(root: string, letter: string, path: string): Promise<ChangedFile> {
  if (letter === 'D') return { path, status: 'deleted' };
  const text = path.endsWith('.ts') ? await readFile(join(root, path), 'utf8').catch(() => undefined) : undefined;
  return { path, status: letter === 'A' ? 'added' : 'modified', text };
}

function commitsIn(log: string): Commit[] {
  return log
    .split('\x1e')
    .map((record) => record.trim())
    .filter((record) => record !== '')
    .map((record) => {
      const [subject = '', author = '', trailers = ''] = record.split('\x1f');
      return { subject, author, trailers: trailersIn(trailers) };
    });
}

function trailersIn(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of text.split('\n')) {
    const [, key, value] = /^([\w-]+):\s*(.+)$/.exec(line.trim()) ?? [];
    if (key === undefined || value === undefined) continue;
    const name = key.toLowerCase();
    found[name] = [...(found[name] ?? []), value];
  }
  return found;
}
