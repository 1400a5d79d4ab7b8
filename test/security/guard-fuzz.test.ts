import fc from 'fast-check';
import { parseSync } from 'libpg-query';
import { beforeAll, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { ApprovedQuery } from '../../src/query/approved-query.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { allowedFunctions } from '../../src/query/guard-rules/functions.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { forgingStatements } from '../support/corpus/forging-statements.ts';
import { hostileClasses } from '../support/corpus/hostile-statements.ts';
import { retailQueries } from '../support/corpus/retail-queries.ts';

const [reader] = retailDefinition.readerRoles;
const hostile = [...hostileClasses.flatMap(({ statements }) => statements), ...forgingStatements.map(({ sql }) => sql)].filter(
  (sql) => sql.length < 1000,
);
const texts = [...retailQueries, ...hostile];
let guard: Guard;
beforeAll(async () => {
  guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
});

/** The approval, or undefined for a proper refusal. Any other error fails the property. */
function answer(sql: string): ApprovedQuery | undefined {
  try {
    return guard.approve(sql, reader!);
  } catch (error) {
    if (error instanceof AppError && error.code === 'query_rejected' && error.message !== '') return undefined;
    throw error;
  }
}

/** What an approved text may hold, looked up in its own parse tree by another walk than the guard's. */
function checkApproved({ text, relations }: ApprovedQuery): void {
  const result = parseSync(text);
  expect(result.stmts).toHaveLength(1);
  const tables = new Set<string>();
  JSON.stringify(result, (key, value) => {
    if (key === 'FuncCall') expect(allowedFunctions).toContain(value.funcname.at(-1).String.sval);
    if (key === 'RangeVar' && value.schemaname !== undefined) {
      expect(value.schemaname).toBe('retail');
      tables.add(value.relname);
    }
    expect(key).not.toMatch(/^(Insert|Update|Delete|Merge|ParamRef|intoClause|lockingClause|Xml|A_Star$)/);
    return key === 'ColumnRef' && value.fields.length > 1 ? undefined : value;
  });
  expect([...tables].sort()).toEqual([...relations]);
}

const fragment = fc.constantFrom(
  ...`pg_sleep(1) set_config('role','x',true) current_user ; -- /* */ ' " $$ ( ) [1:2] :: regclass * o.* p.* ctid pg_class FOR UPDATE INTO x UNION ALL
    SELECT 1 WITH x AS LATERAL (SELECT cost FROM products) $1 E'\\x' U& 1e9 repeat('x',9) NOT - + , . AS COLLATE "C" AT TIME ZONE WITH TIES é ☕`
    .split(/ +/)
    .map((text) => text.trim()),
);

test('a text that is cut, spliced and sprinkled is approved or refused, never anything else', () => {
  const mutated = fc
    .tuple(
      fc.constantFrom(...texts),
      fc.constantFrom(...texts),
      fc.array(fc.tuple(fc.nat(), fc.nat(12), fragment), { maxLength: 4 }),
      fc.boolean(),
    )
    .map(([first, second, edits, splice]) => {
      const half = first.indexOf(' ', first.length / 2);
      const start = splice ? first.slice(0, half) + second.slice(second.indexOf(' ', second.length / 2)) : first;
      return edits.reduce((text, [at, length, insert]) => {
        const place = at % (text.length + 1);
        return `${text.slice(0, place)} ${insert} ${text.slice(place + length)}`;
      }, start);
    });
  let approved = 0;
  fc.assert(
    fc.property(mutated, (sql) => {
      const approval = answer(sql);
      if (approval === undefined) return;
      approved += 1;
      checkApproved(approval);
      expect(answer(approval.text)?.text).toBe(approval.text);
    }),
    { numRuns: 1500 },
  );
  expect(approved).toBeGreaterThan(5);
});

test('any text at all is approved or refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.string({ unit: 'grapheme' })), (text) => {
      answer(text);
      answer(`SELECT ${text} FROM orders`);
    }),
    { numRuns: 500 },
  );
});

test('blanks, comments and the case of keywords never change what is approved', () => {
  const blank = fc.constantFrom(' ', '\n', '\t', '  ', ' /* ; DROP */ ', ' -- x\n', '/* /* */ */');
  const plain = retailQueries.filter((sql) => /^[A-Za-z0-9_.,()*=<> ]+$/.test(sql));
  fc.assert(
    fc.property(
      fc.constantFrom(...plain),
      fc.array(blank, { minLength: 5, maxLength: 5 }),
      fc.boolean(),
      (sql, blanks, upper) => {
        let index = 0;
        const spread = sql.replace(/ /g, () => blanks[index++ % blanks.length]!);
        expect(answer(upper ? spread.toUpperCase() : spread.toLowerCase())?.text).toBe(answer(sql)?.text);
      },
    ),
    { numRuns: 200 },
  );
  expect(plain.length).toBeGreaterThan(30);
});

test('a string literal arrives as it was written, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (value) => {
      fc.pre(!value.includes('\0') && !/\p{Surrogate}/u.test(value));
      const sql = `SELECT '${value.replaceAll("'", "''")}' AS v FROM orders`;
      const approval = answer(sql);
      expect(approval).toBeDefined();
      const tree = JSON.stringify(parseSync(approval!.text));
      expect(tree).toContain(JSON.stringify({ sval: value }));
    }),
    { numRuns: 300 },
  );
});
