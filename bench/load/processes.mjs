// What processes have cost, from /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
import { readdirSync, readFileSync } from 'node:fs';

/** Linux gives times to user space in hundredths of a second on every architecture. */
const microsecondsPerTick = 10_000;

/**
 * @typedef {object} Process
 * @property {number} pid
 * @property {number} parent
 * @property {number} ownUs CPU of all its threads, user and system
 * @property {number} reapedUs CPU of children that have ended
 */

/** One line of /proc/<pid>/stat. The name stands in parentheses and may hold blanks and parentheses itself. @param {string} text */
export function parseStat(text) {
  const pid = Number.parseInt(text, 10);
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent] = fields;
  const [user, system, reapedUser, reapedSystem] = fields.slice(11, 15);
  return {
    pid,
    parent,
    ownUs: (user + system) * microsecondsPerTick,
    reapedUs: (reapedUser + reapedSystem) * microsecondsPerTick,
  };
}

/** /proc/<pid>/status, in KiB. @param {string} text */
export function parseMemory(text) {
  const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { residentKib: kib('VmRSS'), peakKib: kib('VmHWM') };
}

/** A process and all below it. @param {readonly Process[]} processes @param {number} root */
export function treeOf(processes, root) {
  const tree = new Set([root]);
  for (let before = 0; before !== tree.size; ) {
    before = tree.size;
    for (const { pid, parent } of processes) if (tree.has(parent)) tree.add(pid);
  }
  return processes.filter(({ pid }) => tree.has(pid));
}

/** Rises steadily: what a child has cost moves to its parent when it ends. @param {readonly Process[]} tree */
export const cpuOf = (tree) => tree.reduce((sum, { ownUs, reapedUs }) => sum + ownUs + reapedUs, 0);

/** @returns {Process[]} */
export function listProcesses() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const text = readOrNothing(`/proc/${name}/stat`);
      return text === '' ? [] : [parseStat(text)];
    });
}

/** CPU so far of the trees below these processes, in microseconds; null for one that is not known. @param {Record<string, number | undefined>} roots */
export function cpuOfTrees(roots) {
  const processes = listProcesses();
  return Object.fromEntries(
    Object.entries(roots).map(([name, root]) => [name, root === undefined ? null : cpuOf(treeOf(processes, root))]),
  );
}

/** Resident memory of a process and all below it, now and at its highest. @param {number} root */
export function memoryOf(root) {
  const each = treeOf(listProcesses(), root).map(({ pid }) => parseMemory(readOrNothing(`/proc/${pid}/status`)));
  const sum = (key) => each.reduce((total, memory) => total + memory[key], 0);
  return { residentKib: sum('residentKib'), peakKib: sum('peakKib') };
}

/** A process may end between being listed and being read. @param {string} path */
function readOrNothing(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
