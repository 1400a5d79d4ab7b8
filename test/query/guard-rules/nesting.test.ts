import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const [reader] = retailDefinition.readerRoles;
const guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
const approve = (sql: string) => guard.approve(sql, reader!).text;
const columns = (count: number, column: string) => `SELECT ${Array(count).fill(column).join(', ')}`;

describe('a statement may be long, and is refused before the parser where it would be too deep for it', () => {
  test.each([
    ['two hundred brackets', `SELECT ${'('.repeat(200)}1${')'.repeat(200)}`],
    ['many brackets one after the other', columns(800, '(1)')],
    ['two hundred brackets beside others', `SELECT (1), ${'('.repeat(200)}1${')'.repeat(200)}`],
    ['fifteen hundred operators beside a text', `${columns(1500, '1+1')}, '+'`],
    ['many arrays one after the other', columns(300, 'ARRAY[1]')],
    [
      'brackets that are closed before others are opened',
      `SELECT ${'('.repeat(150)}1${')'.repeat(150)}, ${'('.repeat(150)}1${')'.repeat(150)}`,
    ],
    ['brackets in a text', `SELECT '${'(['.repeat(300)}'`],
    ['brackets in a comment', `SELECT 1 -- ${'('.repeat(300)}`],
    ['brackets in a longer comment', `SELECT 1 /* ${'('.repeat(300)} */`],
    ['brackets in a text between dollars', `SELECT $$${'('.repeat(300)}$$`],
    ['brackets in a name', `SELECT 1 AS "${'('.repeat(30)}", ${columns(200, '(1)').slice(7)}`],
    ['fifteen hundred operators', columns(1500, '1+1')],
    ['operator characters in a text', `SELECT '${'+ '.repeat(1600)}'`],
  ])('approved: %s', (_, sql) => {
    expect(approve(sql)).toMatch(/^SELECT/);
  });

  test.each([
    ['more brackets than that', `SELECT ${'('.repeat(201)}1${')'.repeat(201)}`, 'The statement is nested too deeply'],
    ['arrays in arrays', `SELECT ${'ARRAY['.repeat(201)}1${']'.repeat(201)}`, 'The statement is nested too deeply'],
    ['brackets and arrays', `SELECT ${'(ARRAY['.repeat(101)}1${'])'.repeat(101)}`, 'The statement is nested too deeply'],
    ['more operators than that', columns(1501, '1+1'), 'The statement holds more than 1500 operators'],
    ['more operators, with a text', `${columns(1501, '1+1')}, 'a'`, 'The statement holds more than 1500 operators'],
    ['casts', columns(1501, '1::int'), 'The statement holds more than 1500 operators'],
    ['operators without a blank between', columns(4, `${'+-'.repeat(200)}1`), 'The statement holds more than 1500 operators'],
    ['one endless operator', `SELECT 1 ${'@'.repeat(501)} 1`, 'The statement holds more than 500 operator characters in a row'],
  ])('refused: %s', (_, sql, message) => {
    expect(() => approve(sql)).toThrow(message);
  });

  test.each([
    ['a long operator', `SELECT 1 ${'@'.repeat(500)} 1`, /^This is not valid SQL: operator too long/],
    ['a text without an end', `SELECT ${'('.repeat(300)}'`, /^This is not valid SQL: unterminated quoted string/],
  ])('refused for another reason: %s', (_, sql, message) => {
    expect(() => approve(sql)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  });
});
