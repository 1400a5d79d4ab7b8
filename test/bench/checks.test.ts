import { describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { createCheck, digestOf, sizesOf } from '../../bench/load/checks.mjs';

const rows = [
  ['2020-01-01', '12.50'],
  ['2020-02-01', '7.00'],
];
const expected = { rows: 2, needles: ['12.50', '7.00'], key: 'month', digest: digestOf(rows) };

const objects = rows.map(([month, revenue]) => ({ month: `${month}T00:00:00Z`, revenue }));
const message = (result: unknown) => JSON.stringify({ jsonrpc: '2.0', id: 100000001, result });
const text = (value: unknown) => ({ type: 'text', text: JSON.stringify(value) });

const answers = {
  counted: message({ structuredContent: { rows: rows.map(([month, sum]) => [month, sum]), row_count: 2, truncated: false } }),
  blocks: message({ content: objects.map(text) }),
  list: message({ content: [text(objects)] }),
  statements: `event: message\ndata: ${message({ content: [text({ data: { statements: [{ rows: objects }] } })] })}\n\n`,
};

describe.each(Object.entries(answers))('an answer of the style %s', (style, answer) => {
  const check = createCheck(style, expected);
  const fault = (body: string, status = 200) => check(100000001, status, Buffer.from(body), true);

  test('is right when all of it is', () => {
    expect(fault(answer)).toBeUndefined();
  });

  test('is wrong with another value, count, id or status', () => {
    expect(fault(answer.replace('2020-02', '2020-03'))).toBe('other values');
    expect(fault(answer.replace('12.50', '12.51'))).toBe('no 12.50 in it');
    expect(fault(answer.replace('"row_count":2', '"row_count":3').replace('\\"month\\":', '\\"week\\":'))).toMatch(/ x /);
    expect(fault(answer.replace('100000001', '100000002'))).toBe('another id');
    expect(fault(answer, 503)).toBe('status 503');
  });
});

test('an error of the tool is never right', () => {
  const check = createCheck('figures', { rows: 0, needles: [] });
  expect(check(1, 200, Buffer.from('{"id":1,"result":{"isError":true}}'))).toBe('an error of the tool');
});

test('descriptions are counted by their tables', () => {
  const check = createCheck('tables', { rows: 2, needles: ['orders'] });
  expect(check(1, 200, Buffer.from('{"id":1,"orders","valid_values":{},"valid_values":{}}'))).toBeUndefined();
  expect(check(1, 200, Buffer.from('{"id":1,"orders","valid_values":{}}'))).toBe('1 x "valid_values": in place of 2');
});

test('a digest is the same however numbers and dates are written, and another for another order', () => {
  expect(digestOf([[12.5, '2020-01-01T00:00:00.000Z', null]])).toBe(digestOf([['12.50', '2020-01-01', null]]));
  expect(digestOf([...rows].reverse())).not.toBe(digestOf(rows));
});

test('sizes count the bytes of the text and of the whole', () => {
  const body = Buffer.from(message({ content: [{ type: 'text', text: 'zwölf' }] }));
  expect(sizesOf(body)).toEqual({ textBytes: 6, bodyBytes: body.length });
});
