// Where backups go, small enough to be filled.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { progress } from '../places.mjs';

const megabytes = 48;

/**
 * A file system of its own in memory. Where none may be mounted, backups get a limit on the size of a file in its place: they
 * then fail with "File too large" in place of "No space left on device".
 *
 * @param {string} folder
 */
export function createBackupTarget(folder) {
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  const mounted = status === 0;
  if (!mounted) progress('no tmpfs can be mounted: the backup target is limited by the size of a file instead');
  const filler = join(folder, 'filler');
  let limited = false;
  return {
    folder,
    kind: mounted ? 'a tmpfs without room' : 'a limit on the size of files',
    fill() {
      limited = true;
      if (mounted) fillUp(filler);
    },
    empty() {
      limited = false;
      rmSync(filler, { force: true });
    },
    /** The command line under what limits the target. @param {string} command @param {readonly string[]} args */
    under(command, args) {
      if (mounted || !limited) return [command, args];
      // Ignored, so that a write fails in place of the process being ended.
      return ['bash', ['-c', 'trap "" XFSZ; ulimit -f 8; exec "$@"', 'bash', command, ...args]];
    },
    remove() {
      if (mounted) spawnSync('umount', [folder]);
    },
  };
}

function fillUp(path) {
  const file = openSync(path, 'w');
  try {
    for (const size of [65_536, 512]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}
