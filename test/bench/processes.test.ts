import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { cpuOf, cpuOfTrees, memoryOf, parseMemory, parseStat, treeOf } from '../../bench/load/processes.mjs';

const stat = (pid: number, name: string, parent: number, times: readonly number[]) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 10 20 0 0 ${times.join(' ')} 20 0 11 0 123 456 789`;

test('a name with blanks and parentheses does not shift the fields', () => {
  expect(parseStat(stat(7, 'a) (b c', 3, [5, 2, 10, 1]))).toEqual({ pid: 7, parent: 3, ownUs: 70_000, reapedUs: 110_000 });
});

test('the tree of a process holds its children and theirs, and nobody else', () => {
  const processes = [
    stat(30, 'grandchild', 20, [1, 0, 0, 0]),
    stat(20, 'child', 10, [0, 1, 0, 0]),
    stat(10, 'root', 1, [1, 1, 4, 0]),
  ]
    .concat(stat(11, 'sister', 1, [99, 99, 99, 99]))
    .map((text) => parseStat(text));
  const tree = treeOf(processes, 10);
  expect(tree.map(({ pid }: { pid: number }) => pid).sort()).toEqual([10, 20, 30]);
  expect(cpuOf(tree)).toBe(80_000);
});

test('memory is read in KiB, and is nothing for a process that has gone', () => {
  expect(parseMemory('Name:\tnode\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n')).toEqual({ residentKib: 1024, peakKib: 2048 });
  expect(parseMemory('')).toEqual({ residentKib: 0, peakKib: 0 });
});

test.runIf(process.platform === 'linux')('this very process has cost something, and what is not known is null', () => {
  const { own, unknown } = cpuOfTrees({ own: process.pid, unknown: undefined });
  expect(own).toBeGreaterThan(0);
  expect(unknown).toBeNull();
  const { residentKib, peakKib } = memoryOf(process.pid);
  expect(residentKib).toBeGreaterThan(1024);
  expect(peakKib).toBeGreaterThanOrEqual(residentKib / 2);
});
