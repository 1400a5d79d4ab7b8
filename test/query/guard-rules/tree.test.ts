import { expect, test } from 'vitest';
import { locationOf, messagesOf, namesOf, unwrap } from '../../../src/query/guard-rules/tree.ts';

test('a node is one type around one message, and nothing else is a node', () => {
  expect(unwrap({ RangeVar: { relname: 'a' } })).toEqual({ type: 'RangeVar', message: { relname: 'a' } });
  for (const other of [{}, { RangeVar: {}, SelectStmt: {} }, { RangeVar: 1 }, { RangeVar: [] }, [], [{}], null, undefined, 'a']) {
    expect(unwrap(other)).toBeUndefined();
  }
});

test('of a list the messages of one type are taken', () => {
  expect(messagesOf('SortBy', [{ SortBy: { a: 1 } }, { ColumnRef: {} }, {}, { SortBy: { a: 2 } }])).toEqual([{ a: 1 }, { a: 2 }]);
  expect(messagesOf('SortBy', undefined)).toEqual([]);
});

test('names are those of String nodes, the empty one too, and a star is one', () => {
  expect(namesOf([{ String: { sval: 'a' } }, { String: {} }, { A_Star: {} }])).toEqual(['a', '', '*']);
});

test('a place is told from the first byte on, and where the parser knows none there is none', () => {
  expect([0, 7, -1, undefined, 'x', '7'].map((location) => locationOf({ location }))).toEqual([
    0,
    7,
    ...Array(4).fill(undefined),
  ]);
});
