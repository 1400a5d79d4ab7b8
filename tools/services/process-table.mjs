import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Whether the pid is still this command inside that root: by itself it may have been given to somebody else since. */
export function runsInRoot(pid, command, root) {
  return link(pid, 'root') === root && commandOf(pid) === command;
}

/** A PostgreSQL server and all its backends work in the data directory. */
export function pidsWorkingIn(directory) {
  return findPids((pid) => link(pid, 'cwd') === directory);
}

export function findPids(matches) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && matches(name))
    .map(Number);
}

export function commandOf(pid) {
  return attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
}

export function holdsSocket(pid, inode) {
  const open = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return open.some((fd) => link(pid, `fd/${fd}`) === `socket:[${inode}]`);
}

const link = (pid, name) => attempt(() => readlinkSync(`/proc/${pid}/${name}`));

/** A process may end while it is looked at, and another user's cannot be looked into: both mean nothing to see. */
function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}
