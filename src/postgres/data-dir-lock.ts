import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface DataDirLock {
  release(): Promise<void>;
}

/**
 * One process a data directory: PostgreSQL's files bear no second writer. Undefined when another live process holds it. A lock
 * that a killed process left behind is taken over.
 */
export async function lockDataDir(directory: string): Promise<DataDirLock | undefined> {
  const path = join(directory, 'lock');
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (await writeUnlessThere(path, identityOf(process.pid) ?? String(process.pid))) {
      return { release: () => rm(path, { force: true }) };
    }
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (isAlive(holder)) return undefined;
    // Without a name in it the lock is being written this moment, or its writer was killed over it.
    if (holder === '' && attempt < 10) await setTimeout(20);
    else await takeAway(path, holder);
  }
  return undefined;
}

async function writeUnlessThere(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Renaming succeeds for one process alone; who came late and moved somebody's fresh lock puts it back. */
async function takeAway(path: string, holder: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
    const moved = await readFile(aside, 'utf8');
    if (moved !== holder) await writeUnlessThere(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ')[0]);
  return Number.isInteger(pid) && pid > 0 && identityOf(pid) === holder;
}

/** Process id and, where the system tells it, the start time: ids are used again. Undefined when there is no such process. */
function identityOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  try {
    // Field 22 of proc(5)'s stat; the command's name in parentheses may hold blanks.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return String(pid);
  }
}
