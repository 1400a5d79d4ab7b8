import { describe, expect, test } from 'vitest';
import { createPreparedStatements } from '../../src/postgres/prepared-statements.ts';
import { createTenantExchange, scopeRefusal, toBindText } from '../../src/postgres/tenant-exchange.ts';
import { parsedTexts, parseMessages } from './wire-recorder.ts';

const statement = { reader: 'r', scopeToken: 'token', text: 'SELECT 1', limits: { maxRows: 2, maxBytes: 10 }, timeoutMs: 1 };
const onLogin = () => createTenantExchange(statement, { useScopeFunction: 'a.use_scope' });

/** As a server answers: BEGIN, the scope, then rows. */
function afterScope(ids: string | null) {
  const { reply } = onLogin();
  reply.stepDone();
  reply.rowDescription([{ name: 'use_scope', dataTypeID: 1007, tableID: 0, columnID: 0 }]);
  reply.dataRow([ids]);
  reply.stepDone();
  return reply;
}

describe('A tenant’s exchange', () => {
  test('on a shared session switches the role after the scope and holds the statement in a cursor', () => {
    const { request } = createTenantExchange(statement, { useScopeFunction: 'a.use_scope', switchToRole: 'reader' });
    expect(parsedTexts(parseMessages(request))).toEqual([
      'BEGIN READ ONLY',
      'SELECT a.use_scope($1)',
      'SET LOCAL ROLE reader',
      'DECLARE caller_rows NO SCROLL CURSOR FOR SELECT 1',
      'FETCH 3 FROM caller_rows',
      'ROLLBACK',
    ]);
  });

  const kinds = (request: Buffer) =>
    parseMessages(request)
      .map(({ type }) => type)
      .join('');
  /** What is bound, of the messages that bind. */
  const bound = (request: Buffer) =>
    parseMessages(request)
      .filter(({ type }) => type === 'B')
      .map(({ text }) => text);

  test('on the reader’s own login is four statements under one Sync, of which the caller’s alone is described', () => {
    const { request } = onLogin();
    expect(parsedTexts(parseMessages(request))).toEqual(['BEGIN READ ONLY', 'SELECT a.use_scope($1)', 'SELECT 1', 'ROLLBACK']);
    // Parse, Bind, Execute each; Describe before the rows; Sync at the end.
    expect(kinds(request)).toBe('PBEPBEPBDEPBES');
    expect(bound(request).map((text) => text.includes('token'))).toEqual([false, true, false, false]);
  });

  test('on a shared session binds the token and the caller’s values, and describes the fetch', () => {
    const { request } = createTenantExchange(
      { ...statement, values: ['mine'] },
      { useScopeFunction: 'a.use_scope', switchToRole: 'r' },
    );
    expect(kinds(request)).toBe('PBEPBEPBEPBEPBDEPBES');
    expect(bound(request).map((text) => text.includes('token'))).toEqual([false, true, false, false, false, false]);
    expect(bound(request).map((text) => text.includes('mine'))).toEqual([false, false, false, true, false, false]);
  });

  test('follows the answer step by step on a shared session, too', () => {
    const { reply } = createTenantExchange(statement, { useScopeFunction: 'a.use_scope', switchToRole: 'r' });
    const say = (row?: string) => {
      if (row !== undefined) reply.dataRow([row]);
      reply.stepDone();
    };
    say('{9}');
    say('{4}');
    say('not a row');
    say('not a row');
    say('row');
    say('not a row');
    expect(reply.result()).toMatchObject({ verifiedTenantIds: [4], rows: [['row']] });
  });

  test('names its statements by what the connection has prepared, and describes none twice', () => {
    const prepared = createPreparedStatements(4);
    const exchange = () => createTenantExchange(statement, { useScopeFunction: 'a.use_scope', prepared });
    const answered = () => {
      const one = exchange();
      one.reply.stepDone();
      one.reply.dataRow(['{1}']);
      one.reply.stepDone();
      one.reply.rowDescription([{ name: 'a', dataTypeID: 25, tableID: 0, columnID: 0 }]);
      one.reply.stepDone();
      one.confirm();
      return one;
    };
    answered();
    answered();
    const third = exchange();
    expect(kinds(third.request)).toBe('BEBEBEBES');
    expect(third.reply.result().columns).toMatchObject([{ name: 'a', typeOid: 25 }]);
    // What does not come to its end gives the names up again.
    expect(kinds(Buffer.concat([...exchange().abandon()]))).toMatch(/^C*$/);
  });

  test('gives up names first where too many are known', () => {
    const prepared = createPreparedStatements(4);
    const ask = (text: string) => {
      const one = createTenantExchange({ ...statement, text }, { useScopeFunction: 'a.use_scope', prepared });
      one.confirm();
      return kinds(one.request);
    };
    for (const text of ['SELECT 1', 'SELECT 1', 'SELECT 2', 'SELECT 2', 'SELECT 3', 'SELECT 3']) ask(text);
    expect(ask('SELECT 3')).toMatch(/^C?BE/);
    const told = ['SELECT 4', 'SELECT 4', 'SELECT 5'].map(ask);
    expect(told.join(' ')).toMatch(/(^| )C/);
  });

  test('a refused scope is an error of its own, with what PostgreSQL said behind it', () => {
    const cause = new Error('division by zero');
    expect(scopeRefusal(cause)).toMatchObject({
      message: 'the database refused the scope token of this call',
      code: '28000',
      cause,
    });
  });

  test('asks a portal for one row more than it keeps', () => {
    const executes = parseMessages(onLogin().request).filter((message) => message.type === 'E');
    expect(executes.map((message) => Buffer.from(message.text, 'latin1').readInt32BE(1))).toEqual([0, 0, 3, 0]);
  });

  test.each([
    ['{1,3}', [1, 3]],
    ['{}', []],
    [null, []],
  ])('reads the verified ids %s', (text, ids) => {
    expect(afterScope(text).result()).toEqual({ verifiedTenantIds: ids, columns: [], rows: [], truncated: false });
  });

  test('takes rows and columns of the statement alone', () => {
    const reply = afterScope('{1}');
    reply.rowDescription([{ name: 'a', dataTypeID: 25, tableID: 0, columnID: 0 }]);
    reply.dataRow(['x']);
    reply.stepDone();
    reply.rowDescription([{ name: 'late', dataTypeID: 25, tableID: 0, columnID: 0 }]);
    reply.dataRow(['late']);
    expect(reply.result()).toMatchObject({ columns: [{ name: 'a', typeOid: 25 }], rows: [['x']], truncated: false });
  });

  test('keeps rows up to either cap and nothing after the first that is too much', () => {
    const rows = (...values: (string | null)[]) => {
      const reply = afterScope('{1}');
      for (const value of values) reply.dataRow([value]);
      const { rows: kept, truncated } = reply.result();
      return { kept: kept.map((row) => row[0]), truncated };
    };
    expect(rows('a', 'b')).toEqual({ kept: ['a', 'b'], truncated: false });
    expect(rows('a', 'b', 'c')).toEqual({ kept: ['a', 'b'], truncated: true });
    expect(rows('1234567890', null)).toEqual({ kept: ['1234567890', null], truncated: false });
    expect(rows('12345678901', 'b')).toEqual({ kept: [], truncated: true });
    expect(rows('ääää', 'äää')).toEqual({ kept: ['ääää'], truncated: true });
  });

  test('knows a refused scope only once the database has answered it', () => {
    const { reply } = onLogin();
    expect(reply.scopeRefused()).toBe(false);
    reply.stepDone();
    expect(reply.scopeRefused()).toBe(false);
    expect(afterScope('{}').scopeRefused()).toBe(true);
    expect(afterScope('{2}').scopeRefused()).toBe(false);
  });

  test.each([
    [null, null],
    ['x', 'x'],
    [1.5, '1.5'],
    [true, 'true'],
    [[1, null, 2], '{1,NULL,2}'],
    [['a', 'b "c" \\d', null], '{"a","b \\"c\\" \\\\d",NULL}'],
    [[], '{}'],
  ])('binds %j as %j', (value, text) => {
    expect(toBindText(value)).toBe(text);
  });
});
