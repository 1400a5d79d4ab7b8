import { parseSync } from 'libpg-query';
import { beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { forgingStatements } from '../support/corpus/forging-statements.ts';
import { hostileClasses } from '../support/corpus/hostile-statements.ts';
import { retailQueries } from '../support/corpus/retail-queries.ts';
import { recordAnswer } from './record-answer.ts';

const [reader] = retailDefinition.readerRoles;
const majors = [16, 17, 18];
let guards: Guard[];
beforeAll(async () => {
  guards = await Promise.all(majors.map((serverMajor) => createGuard({ definition: retailDefinition, serverMajor })));
});

const short = (sql: string) => JSON.stringify(sql.length > 120 ? `${sql.slice(0, 117)}...` : sql);

function outcome(guard: Guard, sql: string): string {
  try {
    const { text } = guard.approve(sql, reader!);
    recordAnswer('approved');
    return `approved: ${text}`;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'query_rejected') throw error;
    recordAnswer(`query_rejected: ${error.message}`);
    return error.message;
  }
}

test('the corpora are as large as they claim', () => {
  expect(retailQueries.length).toBeGreaterThanOrEqual(150);
  expect(hostileClasses.reduce((sum, { statements }) => sum + statements.length, 0)).toBeGreaterThanOrEqual(250);
  expect(forgingStatements.length).toBeGreaterThanOrEqual(40);
});

describe('an honest query is approved', () => {
  test.each(retailQueries.map((sql) => [short(sql), sql] as const))('%s', (_, sql) => {
    const { text } = guards[2]!.approve(sql, reader!);
    // What was approved is a query again, and already in its final form.
    expect(guards[2]!.approve(text, reader!).text).toBe(text);
    recordAnswer('approved');
  });

  test('by every supported major, but for what that major does not know', () => {
    const refusedBy16 = retailQueries.filter((sql) => !outcome(guards[0]!, sql).startsWith('approved'));
    expect(refusedBy16.every((sql) => /JSON_VALUE|JSON_TABLE/.test(sql))).toBe(true);
    expect(refusedBy16.length).toBe(2);
    expect(retailQueries.filter((sql) => !outcome(guards[1]!, sql).startsWith('approved'))).toEqual([]);
  });
});

describe.each(hostileClasses)('refused: $name', ({ statements, reason }) => {
  test.each(statements.map((sql) => [short(sql), sql] as const))('%s', (_, sql) => {
    for (const guard of guards) expect(outcome(guard, sql)).toMatch(guard === guards[2] ? reason : /^(?!approved)/);
  });
});

test('every attempt to forge the tenant is refused', () => {
  expect(forgingStatements.map(({ sql }) => outcome(guards[2]!, sql)).filter((answer) => answer.startsWith('approved'))).toEqual(
    [],
  );
});

test('the parser answers as before after the deepest statements', () => {
  const before = JSON.stringify(parseSync('SELECT a, b + 1 FROM t WHERE x = 3'));
  for (const { statements } of hostileClasses.filter(({ name }) => name === 'depth')) {
    for (const sql of statements) outcome(guards[2]!, sql);
  }
  expect(JSON.stringify(parseSync('SELECT a, b + 1 FROM t WHERE x = 3'))).toBe(before);
});
