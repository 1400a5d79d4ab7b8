import { expect, test } from 'vitest';
import { nearestNames } from '../../src/query/nearest-names.ts';

test.each([
  ['hand tool', 'HAND TOOLS'],
  ['PLUMMING', 'PLUMBING'],
])('the nearest to %j come first', (name, nearest) => {
  expect(nearestNames(name, ['PLUMBING', 'POWER TOOLS', 'HAND TOOLS'])[0]).toBe(nearest);
});

test.each(['', 'X', 'GARDEN FURNITURE', '💥'])('nothing is offered for %j, which nothing is like', (name) => {
  expect(nearestNames(name, ['PLUMBING', 'POWER TOOLS', 'HAND TOOLS'])).toEqual([]);
});

test('as many as asked for are told, and none of nothing', () => {
  const known = ['hammers', 'hammer', 'hammer head', 'hammer heads'];
  expect(nearestNames('hammer', known)).toEqual(['hammer', 'hammers', 'hammer head']);
  expect(nearestNames('hammer', known, 1)).toEqual(['hammer']);
  expect(nearestNames('hammer', [])).toEqual([]);
});
