import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { functionColumns } from '../../../src/query/guard-rules/functions.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const [reader] = retailDefinition.readerRoles;
const guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
const approve = (sql: string) => guard.approve(sql, reader!).text;

describe('A function that only calculates may be called', () => {
  test.each([
    ['numbers', "SELECT abs(-1), round(2.5), bit_count(B'101')"],
    ['texts', "SELECT lower('A'), regexp_replace('a', 'b', 'c'), translate('a', 'b', 'c')"],
    ['dates', "SELECT age(order_date, '2024-01-01'), make_date(2024, 1, 1) FROM orders"],
    ['groups', 'SELECT count(*), avg(total_amount), percentile_cont(0.5) WITHIN GROUP (ORDER BY total_amount) FROM orders'],
    ['windows', 'SELECT row_number() OVER (ORDER BY order_id), lag(order_id) OVER (ORDER BY order_id) FROM orders'],
    ['JSON', "SELECT jsonb_build_object('a', 1), json_typeof('1')"],
    ['arrays and ranges', 'SELECT cardinality(ARRAY[1]), int4range(1, 2)'],
    ['text search', "SELECT to_tsvector('a'), ts_rank(to_tsvector('a'), plainto_tsquery('a'))"],
    ['geometry', 'SELECT area(circle(point(0, 0), 1)), width(box(point(0, 0), point(1, 1)))'],
    ['addresses', "SELECT host('10.0.0.1'::inet), set_masklen('10.0.0.1'::inet, 8)"],
    ['likeness', "SELECT similarity('a', 'b'), word_similarity('a', 'b'), show_trgm('a')"],
  ])('on %s: %s', (_what, sql) => {
    expect(approve(sql)).not.toBe('');
  });
});

describe('A function in FROM has the columns that PostgreSQL gives it', () => {
  test('keys and values, or values', () => {
    const named = (columns: string) => [...functionColumns].flatMap(([name, list]) => (list.join() === columns ? [name] : []));
    expect(named('key,value')).toEqual(['json_each', 'json_each_text', 'jsonb_each', 'jsonb_each_text']);
    expect(named('value')).toEqual(
      ['json', 'jsonb'].flatMap((type) => [`${type}_array_elements`, `${type}_array_elements_text`]),
    );
  });

  test.each([...functionColumns])('%s: %s', (name, columns) => {
    for (const column of columns) expect(approve(`SELECT ${column} FROM ${name}('[]')`)).toContain(column);
    expect(() => approve(`SELECT other FROM ${name}('[]')`)).toThrow('other');
  });
});
