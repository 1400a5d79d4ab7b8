import { expect, test } from 'vitest';
import { nearestNames } from '../../src/query/nearest-names.ts';

test.each([
  ['hand tool', ['HAND TOOLS', 'POWER TOOLS', 'PLUMBING']],
  ['PLUMMING', ['PLUMBING', 'POWER TOOLS', 'HAND TOOLS']],
  ['', ['HAND TOOLS', 'PLUMBING', 'POWER TOOLS']],
])('the nearest to %j come first', (name, nearest) => {
  expect(nearestNames(name, ['PLUMBING', 'POWER TOOLS', 'HAND TOOLS'])[0]).toBe(nearest[0]);
});

test('as many as asked for are told, and none of nothing', () => {
  expect(nearestNames('a', ['a', 'ab', 'abc', 'abcd'])).toEqual(['a', 'ab', 'abc']);
  expect(nearestNames('a', ['a', 'ab'], 1)).toEqual(['a']);
  expect(nearestNames('a', [])).toEqual([]);
});
