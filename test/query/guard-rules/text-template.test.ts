import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { type CutStatement, cutAtLiterals, type FreeConstant } from '../../../src/query/guard-rules/literals.ts';
import { fill, fits, templateOf } from '../../../src/query/guard-rules/text-template.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const cutOf = (sql: string): CutStatement => cutAtLiterals(sql)!;
const standsFor = (literal: number) => ({ literal }) as FreeConstant;
const placeholder = 2_147_480_011;
const sql = "SELECT 5, 'x' FROM t WHERE a = 6 AND b = 'y'";
const free = [standsFor(2), standsFor(3)];
const marks = ['2147470000', "'literal 2147470001 of a statement'"];
const marked = `SELECT 5, 'x' FROM s.t WHERE (a = ${marks[0]}) AND b = ${marks[1]}`;
const noMarks = { cut: undefined, free: [], marks: [], placeholder };

describe('A text with marks in it', () => {
  test('is cut at each of them, and keeps the literals that must stay', () => {
    const template = templateOf(`${marked} AND id IN (${placeholder})`, { cut: cutOf(sql), free, marks, added: 1, placeholder });
    expect(template).toEqual({
      pieces: ["SELECT 5, 'x' FROM s.t WHERE (a = ", ') AND b = ', ' AND id IN (', ')'],
      holes: [2, 3, 'tenants'],
      fixed: ['5', "'x'", undefined, undefined],
    });
    expect(fill(template!, cutOf(sql), [7, 8])).toBe("SELECT 5, 'x' FROM s.t WHERE (a = 6) AND b = 'y' AND id IN (7, 8)");
  });

  test.each([
    ['one is missing', marked.replace(marks[0]!, '1'), 0],
    ['one is there twice and another not at all', `WITH a AS (SELECT ${marks[0]}) SELECT ${marks[0]} FROM a`, 0],
    ['one is there twice', `${marked} OR c = ${marks[0]}`, 0],
    ['one is there instead of another', marked.replace(marks[1]!, marks[0]!), 0],
    ['the tenants are named once more', `${marked} AND id IN (${placeholder}) OR id = ${placeholder}`, 1],
    ['the tenants are not named', marked, 1],
    [
      'the tenants stand in the place of a literal',
      `${marked.replace(marks[0]!, String(placeholder))} AND id = ${placeholder}`,
      1,
    ],
  ])('is no template where %s', (_what, text, added) => {
    expect(templateOf(text, { cut: cutOf(sql), free, marks, added, placeholder })).toBeUndefined();
  });

  test('without tenants to name, a number like their mark is the caller’s own', () => {
    expect(templateOf(`SELECT ${placeholder}`, { ...noMarks, added: 0 })).toEqual({
      pieces: [`SELECT ${placeholder}`],
      holes: [],
      fixed: undefined,
    });
    expect(templateOf(`SELECT ${placeholder}`, { ...noMarks, added: 1 })?.holes).toEqual(['tenants']);
  });
});

describe('A statement fits a template', () => {
  const template = templateOf(marked, { cut: cutOf(sql), free, marks, added: 0, placeholder })!;
  const uncut = templateOf('SELECT 1', { ...noMarks, added: 0 })!;
  test.each([
    ['the same', sql, true],
    ['with other literals where they may differ', "SELECT 5, 'x' FROM t WHERE a = 7 AND b = 'z'", true],
    ['with another one where it must be the same', "SELECT 6, 'x' FROM t WHERE a = 6 AND b = 'y'", false],
    ['with another text where it must be the same', "SELECT 5, 'z' FROM t WHERE a = 6 AND b = 'y'", false],
    ['with a word of the clock', "SELECT 5, 'x' FROM t WHERE a = 6 AND b = 'now'", false],
    ['with a number that is not plain', "SELECT 5, 'x' FROM t WHERE a = 06 AND b = 'y'", false],
    ['with fewer literals', "SELECT 5, 'x' FROM t WHERE a = 6", false],
  ])('%s', (_what, other, expected) => {
    expect(fits(template, cutOf(other))).toBe(expected);
  });

  test('only where both are cut, or neither is', () => {
    expect(fits(template, undefined)).toBe(false);
    expect(fits(uncut, cutOf('SELECT 1'))).toBe(false);
    expect(fits(uncut, undefined)).toBe(true);
  });
});

describe('What a caller writes', () => {
  const [reader] = retailDefinition.readerRoles;
  const guarded = async (text: string, tenants: readonly number[]) =>
    (await createGuard({ definition: retailDefinition, serverMajor: 17 })).approve(text, reader!, tenants);

  test('may look like a mark for a literal: the statement then stands as it is', async () => {
    const like = "SELECT 'literal 2147470000 of a statement' AS a FROM orders WHERE order_date = '2025-01-02'";
    const { text, bound } = await guarded(like, [1]);
    expect(text).toBe(
      "SELECT 'literal 2147470000 of a statement' AS a FROM retail.orders WHERE order_date = '2025-01-02' AND orders.store_id = 1",
    );
    expect(bound).toBeUndefined();
  });

  test('may look like the place of the tenants: they are not named then', async () => {
    const { text } = await guarded(`SELECT ${placeholder} AS a FROM orders WHERE order_id = 4`, [1, 2]);
    expect(text).toBe(`SELECT ${placeholder} AS a FROM retail.orders WHERE order_id = 4`);
    const { text: both } = await guarded(`SELECT 2147470000, ${placeholder} FROM orders WHERE order_id = 4`, [1]);
    expect(both).toBe(`SELECT 2147470000, ${placeholder} FROM retail.orders WHERE order_id = 4`);
  });
});
