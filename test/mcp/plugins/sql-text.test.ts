import fc from 'fast-check';
import { loadModule, parseSync } from 'libpg-query';
import { beforeAll, expect, test } from 'vitest';
import { type LiteralValue, sqlText } from '../../../src/mcp/plugins/sql-text.ts';

beforeAll(() => loadModule());

const sql = (text: TemplateStringsArray, ...values: LiteralValue[]) => sqlText(text, values);
/** The one constant of `SELECT … AS v`, as PostgreSQL reads it. */
const constantIn = (text: string) => {
  const { stmts = [] } = parseSync(text);
  expect(stmts).toHaveLength(1);
  // biome-ignore lint/suspicious/noExplicitAny: a path into a parse tree
  return (stmts[0] as any).stmt.SelectStmt.targetList[0].ResTarget.val.A_Const;
};

test('any text stays the text that it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom("'; DROP TABLE x; --", "\\'", '\\', "'' OR 1=1", '$$')),
      (value) => {
        fc.pre(!value.includes('\0') && !/\p{Surrogate}/u.test(value));
        expect(constantIn(sql`SELECT ${value} AS v`).sval.sval ?? '').toBe(value);
      },
    ),
  );
});

test('numbers, truth and nothing are written as SQL writes them', () => {
  expect(sql`SELECT 1 -${-5}, ${2.5}, ${true}, ${false}, ${null}`).toBe('SELECT 1 -(-5), (2.5), TRUE, FALSE, NULL');
});

test.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['a\0b'], [undefined], [{ toString: () => '1; DROP' }], [[1]], [1n]])(
  'nothing else becomes SQL: %s',
  (value) => {
    expect(() => sql`SELECT ${value as LiteralValue}`).toThrow(/values in SQL/);
  },
);

test('a text that was put together elsewhere is not taken', () => {
  expect(() => sqlText('SELECT 1' as never, [])).toThrow(/template tag/);
  expect(() => sqlText(['SELECT 1'] as never, [])).toThrow(/template tag/);
});
