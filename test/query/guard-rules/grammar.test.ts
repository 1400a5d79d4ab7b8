import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseSync } from 'libpg-query';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FieldRule, grammarFor, type NodeRule } from '../../../src/query/guard-rules/grammar.ts';
import { inspect } from '../../../src/query/guard-rules/inspect.ts';
import { loadParser } from '../../../src/query/guard-rules/parser.ts';
import { Rejection } from '../../../src/query/guard-rules/rejection.ts';
import { resolveNames } from '../../../src/query/guard-rules/resolve.ts';
import type { Message } from '../../../src/query/guard-rules/tree.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';
import { retailQueries } from '../../support/corpus/retail-queries.ts';

const grammar = grammarFor(18);
const treeOf = (sql: string): Message =>
  (parseSync(sql) as unknown as { stmts: [{ stmt: { SelectStmt: Message } }] }).stmts[0].stmt.SelectStmt;
const forbiddenCall = { FuncCall: { funcname: [{ String: { sval: 'pg_sleep' } }], funcformat: 'COERCE_EXPLICIT_CALL' } };
const foreignTable = { RangeVar: { relname: 'pg_authid', inh: true, relpersistence: 'p' } };

function rejectionOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Rejection) return error.message;
    throw error;
  }
}
const examine = (tree: Message) =>
  rejectionOf(() => {
    const { names } = inspect(tree, grammar, 18);
    const resolved = resolveNames(tree, retailDefinition, retailDefinition.readerRoles[0]!);
    if (resolved.names !== names) throw new Rejection('not every name was visited');
  });

beforeAll(loadParser);

/** Messages that lead from a SELECT to a field of a node type, as short as the table allows: `wrap(value)` puts a value there. */
function waysIn(): Map<string, (message: Message) => Message> {
  const ways = new Map<string, (message: Message) => Message>([['SelectStmt', (message) => message]]);
  const queue = ['SelectStmt'];
  for (let type = queue.shift(); type !== undefined; type = queue.shift()) {
    const outer = ways.get(type)!;
    for (const [field, rule] of Object.entries(grammar.get(type)!.fields)) {
      for (const inner of typesIn(rule)) {
        if (ways.has(inner) || !grammar.has(inner)) continue;
        ways.set(inner, (message) => outer({ [field]: holding(rule, inner, message) }));
        queue.push(inner);
      }
    }
  }
  return ways;
}
const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;
const typesIn = (rule: FieldRule): string[] =>
  rule.kind === 'message' ? [rule.type] : rule.kind === 'node' || rule.kind === 'list' ? [...rule.types] : [];
const holding = (rule: FieldRule, type: string, message: Message): unknown =>
  rule.kind === 'message' ? message : rule.kind === 'node' ? { [type]: message } : [{ [type]: message }];

describe('every position of the grammar table', () => {
  const ways = waysIn();

  test('is within reach of a SELECT', () => {
    expect([...grammar.keys()].filter((type) => !ways.has(type))).toEqual([]);
  });

  const positions = [...grammar].flatMap(([type, { fields }]) =>
    Object.entries(fields).flatMap(([field, rule]) => (typesIn(rule).includes('FuncCall') ? [[type, field, rule] as const] : [])),
  );
  test('holds more than forty places for an expression', () => expect(positions.length).toBeGreaterThan(40));

  test.each(positions)('%s.%s refuses a forbidden call', (type, field, rule) => {
    const tree = ways.get(type)!({ [field]: rule.kind === 'list' ? [forbiddenCall] : forbiddenCall });
    expect(rejectionOf(() => inspect(tree, grammar, 18))).toBe('Function pg_sleep() is not allowed');
  });

  const everyNodeField = [...grammar].flatMap(([type, { fields }]) =>
    Object.entries(fields).flatMap(([field, rule]) =>
      rule.kind === 'node' || rule.kind === 'list' ? [[type, field, rule] as const] : [],
    ),
  );
  test.each(everyNodeField)('%s.%s refuses a table that is not served', (type, field, rule) => {
    const tree = ways.get(type)!({ [field]: rule.kind === 'list' ? [foreignTable] : foreignTable });
    expect(examine(tree)).toBeDefined();
  });

  test.each([...grammar.keys()])('%s refuses a field that the table does not name', (type) => {
    for (const field of ['novelty', 'toString', '__proto__', 'constructor']) {
      if (Object.hasOwn(grammar.get(type)!.fields, field)) continue;
      const message = Object.defineProperty({}, field, { value: true, enumerable: true });
      expect(rejectionOf(() => inspect(ways.get(type)!(message as Message), grammar, 18))).toContain('is not allowed');
    }
  });

  test.each([...grammar].flatMap(([type, rule]) => Object.keys(rule.fields).map((field) => [type, field])))(
    '%s.%s refuses a value of another kind',
    (type, field) => {
      for (const value of [{ Novelty: {} }, [{ Novelty: {} }], 'NOVELTY', null, {}]) {
        const kind = grammar.get(type)!.fields[field]!.kind;
        if (kind === 'text' && typeof value === 'string') continue;
        if (kind === 'message' && isEmpty(value)) continue;
        expect(rejectionOf(() => inspect(ways.get(type)!({ [field]: value }), grammar, 18))).toBeDefined();
      }
    },
  );
});

describe('the parser knows more than the table, and all of that is refused', () => {
  const require = createRequire(import.meta.url);
  const declarations = readFileSync(require.resolve('@pgsql/types').replace(/index\.js$/, 'types.d.ts'), 'utf8');
  const nodeTypes = [...declarations.matchAll(/^export interface (\w+) \{/gm)].map((match) => match[1]!);

  test('more than two hundred node types are outside', () => {
    expect(nodeTypes.filter((type) => !grammar.has(type)).length).toBeGreaterThan(200);
    expect([...grammar.keys()].filter((type) => !nodeTypes.includes(type))).toEqual(
      ['A_Star'].filter((type) => !nodeTypes.includes(type)),
    );
  });

  test.each(nodeTypes.filter((type) => !grammar.has(type)))('%s', (type) => {
    for (const tree of [{ whereClause: { [type]: {} } }, { fromClause: [{ [type]: {} }] }, { targetList: [{ [type]: {} }] }]) {
      expect(rejectionOf(() => inspect(tree, grammar, 18))).toContain('is not allowed');
    }
  });
});

describe('in real parse trees', () => {
  const expressionTypes = new Set(typesIn((grammar.get('SelectStmt') as NodeRule).fields.whereClause!));

  /** Calls `visit` with a function that puts something else in place of each node of these types, one at a time. */
  function forEachNode(
    value: unknown,
    types: ReadonlySet<string>,
    visit: (replace: (other: unknown) => () => void) => void,
  ): void {
    if (typeof value !== 'object' || value === null) return;
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      const inner = holder[key];
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner) && types.has(Object.keys(inner)[0] ?? '')) {
        visit((other) => {
          holder[key] = other;
          return () => {
            holder[key] = inner;
          };
        });
      }
      forEachNode(inner, types, visit);
    }
  }

  test('a forbidden call in place of any expression is refused', () => {
    let places = 0;
    const missed: string[] = [];
    for (const sql of retailQueries) {
      const tree = treeOf(sql);
      forEachNode(tree, expressionTypes, (replace) => {
        const restore = replace(forbiddenCall);
        places += 1;
        if (rejectionOf(() => inspect(tree, grammar, 18)) === undefined) missed.push(sql);
        restore();
      });
    }
    expect(missed).toEqual([]);
    expect(places).toBeGreaterThan(1500);
  });

  test('a table that is not served in place of any from-item is refused', () => {
    let places = 0;
    const missed: string[] = [];
    const fromItems = new Set(typesIn((grammar.get('SelectStmt') as NodeRule).fields.fromClause!));
    for (const sql of retailQueries) {
      const tree = treeOf(sql);
      forEachNode(tree, fromItems, (replace) => {
        replace(structuredClone(foreignTable));
        places += 1;
        if (examine(structuredClone(tree)) === undefined) missed.push(sql);
        replace(foreignTable)();
      });
    }
    expect(missed).toEqual([]);
    expect(places).toBeGreaterThan(200);
  });
});

test('a node that only later majors know is refused for an earlier one', () => {
  expect(grammarFor(16).has('JsonFuncExpr')).toBe(false);
  expect(grammarFor(17).has('JsonFuncExpr')).toBe(true);
});
