import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const [reader] = retailDefinition.readerRoles;
const [guard, older] = await Promise.all(
  [18, 16].map((serverMajor) => createGuard({ definition: retailDefinition, serverMajor })),
);

describe('The depth of a statement is bounded, not its width', () => {
  test.each([
    ['columns', `SELECT ${'1, '.repeat(1000)}1`],
    ['conditions', `SELECT 1 FROM orders WHERE ${'store_id = 1 OR '.repeat(500)}true`],
    ['values', `SELECT 1 FROM orders WHERE store_id IN (${'1, '.repeat(1000)}1)`],
    ['sub-selects', `SELECT ${'(SELECT 1), '.repeat(200)}1`],
  ])('by %s', (_, sql) => {
    expect(guard!.approve(sql, reader!).text).not.toBe('');
  });
});

describe('A construct that is known is refused in a place where it is not', () => {
  test.each([
    ['SELECT order_id, total_amount::numeric(1 + 1) FROM orders', 'The construct A_Expr is not allowed here (at position 42)'],
    ['SELECT 1::numeric(order_id) FROM orders', 'The construct ColumnRef is not allowed here (at position 19)'],
  ])('%s', (sql, message) => {
    expect(() => guard!.approve(sql, reader!)).toThrow(message);
  });

  test('and one that is not known is found within others', () => {
    expect(() => guard!.approve("SELECT 1 + length(xmlparse(content 'a')::text)", reader!)).toThrow(
      'An XML expression is not allowed (at position 19)',
    );
    expect(() => older!.approve("SELECT 1 + length(JSON_VALUE('{}', '$'))", reader!)).toThrow(
      'The construct JsonFuncExpr is not allowed here (at position 19)',
    );
  });
});
