import { describe, expect, test } from 'vitest';
import { writesTo } from '../../src/advisor/advise-indexes.ts';
import { candidateName, coveredBy } from '../../src/advisor/candidate.ts';
import type { Index, Table } from '../../src/advisor/catalogue.ts';
import { inspectIndexes } from '../../src/advisor/standing-indexes.ts';
import { judgeStatistics, unindexedForeignKeys } from '../../src/advisor/table-findings.ts';
import { loadParser } from '../../src/query/guard-rules/parser.ts';
import { readStatementTree } from '../../src/query/statement-tree.ts';

const index = (name: string, columns: readonly string[], changes: Partial<Index> = {}): Index => ({
  schema: 's',
  name,
  method: 'btree',
  keys: columns.map((column) => {
    const [text = '', options = ''] = column.split(' ');
    return { text, expression: text.includes('('), options };
  }),
  include: [],
  predicate: undefined,
  unique: false,
  needed: false,
  valid: true,
  building: false,
  bytes: 5_000_000,
  scans: 3,
  definition: `CREATE INDEX ${name} ON s.t USING btree (${columns.join(', ')})`,
  ...changes,
});

const table = (changes: Partial<Table> = {}): Table => ({
  schema: 's',
  name: 't',
  columns: [],
  rows: 50_000,
  pages: 900,
  pagesThen: 900,
  partitioned: false,
  indexes: [],
  foreignKeys: [],
  policies: [],
  writes: { inserted: 50_000, updated: 0, hotUpdated: 0, deleted: 0 },
  live: 50_000,
  modifiedSinceAnalyse: 0,
  analysed: true,
  analyseTold: true,
  ...changes,
});

const day = 86_400;
const said = (indexes: readonly Index[], seconds = 30 * day) =>
  inspectIndexes(table({ indexes }), seconds).map(({ kind, index: name, why }) => `${kind} ${name}: ${why}`);

describe('An index', () => {
  test('is redundant beside one that begins with its keys, and of two equal ones only one is', () => {
    expect(said([index('a', ['x']), index('b', ['x', 'y'])])).toEqual(['redundant s.a: s.b does all that it does']);
    expect(said([index('a', ['x']), index('b', ['x'])])).toEqual(['redundant s.b: s.a does all that it does']);
    expect(said([index('pk', ['x'], { needed: true, unique: true }), index('a', ['x'])])).toEqual([
      'redundant s.a: s.pk does all that it does',
    ]);
  });

  test.each<[string, Index, Index]>([
    ['it is unique', index('a', ['x'], { unique: true }), index('b', ['x', 'y'])],
    ['a constraint needs it', index('a', ['x'], { needed: true }), index('b', ['x', 'y'])],
    ['it carries a column that the other does not', index('a', ['x'], { include: ['z'] }), index('b', ['x', 'y'])],
    ['it is in another order', index('a', ['x DESC']), index('b', ['x', 'y'])],
    ['it holds other rows', index('a', ['x'], { predicate: 'done' }), index('b', ['x', 'y'])],
    ['the other is not usable', index('a', ['x']), index('b', ['x', 'y'], { valid: false, building: true })],
    ['the other is of another kind', index('a', ['x']), index('b', ['x'], { method: 'hash' })],
    ['its key comes second there', index('a', ['y']), index('b', ['x', 'y'])],
  ])('is not redundant when %s', (_reason, one, other) => {
    expect(said([one, other])).toEqual([]);
  });

  test('that nobody used is told with the age of the statistics, and only if it is large', () => {
    expect(said([index('a', ['x'], { scans: 0 })])).toEqual([
      'unused s.a: no scan in 30 days of statistics; look at replicas and at yearly reports, too',
    ]);
    expect(said([index('a', ['x'], { scans: 0 })], 3 * 3600)).toEqual([
      'unused s.a: no scan in 3 h of statistics: too early to say',
    ]);
    expect(said([index('a', ['x'], { scans: 0, bytes: 8192 })])).toEqual([]);
  });

  test('that is not valid is told, unless it is being built; what REINDEX left is only to be dropped', () => {
    expect(said([index('a', ['x'], { valid: false, building: true })])).toEqual([]);
    const [broken, left] = inspectIndexes(
      table({ indexes: [index('a', ['x'], { valid: false }), index('a_ccnew1', ['x'], { valid: false })] }),
      day,
    );
    expect(broken).toMatchObject({ kind: 'INVALID', definition: expect.stringContaining('CREATE INDEX a ') });
    expect(left).toMatchObject({ kind: 'INVALID', remedy: 'DROP INDEX CONCURRENTLY s.a_ccnew1;' });
    expect(left).not.toHaveProperty('definition');
  });
});

describe('A candidate', () => {
  const candidate = {
    table: table(),
    method: 'btree' as const,
    keys: [{ text: 'x', expression: false, options: '' }],
    include: [],
  };

  test('is named for what it is over, within 63 bytes, and never as another one', () => {
    expect(candidateName(candidate, new Set())).toBe('idx_t_x');
    expect(candidateName(candidate, new Set(['idx_t_x']))).toMatch(/^idx_t_x_[0-9a-f]{6}$/);
    const long = { ...candidate, keys: [{ text: 'y'.repeat(63), expression: false, options: '' }] };
    expect(Buffer.byteLength(candidateName(long, new Set()))).toBeLessThanOrEqual(63);
  });

  test('is covered by a usable index of the same rows that begins with its keys', () => {
    expect(coveredBy(candidate, index('a', ['x', 'y']))).toBe(true);
    expect(coveredBy(candidate, index('a', ['x'], { valid: false }))).toBe(false);
    expect(coveredBy(candidate, index('a', ['x'], { predicate: 'done' }))).toBe(false);
    expect(coveredBy({ ...candidate, include: ['z'] }, index('a', ['x']))).toBe(false);
  });
});

describe('Statistics', () => {
  test.each<[string, Partial<Table>, RegExp | undefined]>([
    ['never made for many rows', { analysed: false }, /never analysed, with about 50000 rows/],
    ['never made for few rows', { analysed: false, rows: 10 }, undefined],
    [
      'of before many changes',
      { modifiedSinceAnalyse: 20_000, writes: { inserted: 0, updated: 20_000, hotUpdated: 0, deleted: 0 } },
      /20000 rows changed/,
    ],
    ['of before many new rows', { modifiedSinceAnalyse: 20_000, pages: 1300 }, /20000 rows changed/],
    ['made in the session that loaded the rows', { modifiedSinceAnalyse: 50_000 }, undefined],
    ['of before few changes', { modifiedSinceAnalyse: 900, pages: 1300 }, undefined],
    ['of a partitioned table', { partitioned: true, analysed: false }, undefined],
  ])('%s are judged', (_which, changes, expected) => {
    const why = judgeStatistics(table(changes))?.why;
    if (expected === undefined) expect(why).toBeUndefined();
    else expect(why).toMatch(expected);
  });
});

describe('A foreign key', () => {
  const foreignKeys = [{ name: 'fk', columns: ['b', 'a'], references: 's.other', parentDeleted: 5 }];

  test('has an index in either order of its columns, if that holds all rows', () => {
    const lacking = (indexes: readonly Index[]) => unindexedForeignKeys(table({ foreignKeys, indexes })).length;
    expect([
      lacking([]),
      lacking([index('i', ['a', 'b', 'c'])]),
      lacking([index('i', ['a', 'c', 'b'])]),
      lacking([index('i', ['a', 'b'], { predicate: 'a > 1' })]),
    ]).toEqual([1, 0, 1, 1]);
    expect(unindexedForeignKeys(table({ foreignKeys, rows: 10 }))).toEqual([]);
  });
});

describe('Writes that one more index would slow down', () => {
  const statement = (sql: string, calls: number, rows: number) => ({ tree: readStatementTree(sql), calls, rows }) as never;

  test('are those beyond the load of what is there, and those of single statements', async () => {
    await loadParser();
    expect(writesTo(table(), [])).toBe(0);
    expect(writesTo(table({ writes: { inserted: 80_000, updated: 500, hotUpdated: 200, deleted: 30_000 } }), [])).toBe(30_300);
    expect(writesTo(table(), [statement('INSERT INTO s.t VALUES ($1)', 7000, 7000)])).toBe(7000);
    expect(
      writesTo(table(), [
        statement('INSERT INTO s.t SELECT * FROM u', 1, 50_000),
        statement('DELETE FROM s.t WHERE x = $1', 900, 900),
        statement('INSERT INTO s.u VALUES ($1)', 5, 5),
      ]),
    ).toBe(0);
  });
});
