import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { createRequest, idOf, nextId, parseMessage } from '../../bench/load/protocol.mjs';

test('a request has the length that it says, whatever characters are in it', () => {
  const params = { sql: 'SELECT \'Zoë – 日本 😀\' AS "name"' };
  const { before, after, length } = createRequest('tools/call', params);
  const id = nextId();
  const text = `${before}${id}${after}`;
  expect(Buffer.byteLength(text)).toBe(length);
  expect(JSON.parse(text)).toEqual({ jsonrpc: '2.0', id, method: 'tools/call', params });
});

test('an id is found at either end of an answer, and not in the data', () => {
  const data = { text: '{"id":5}', more: 'x'.repeat(100) };
  expect(idOf(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 100000007, result: data })))).toBe(100000007);
  expect(idOf(Buffer.from(JSON.stringify({ result: data, jsonrpc: '2.0', id: 100000008 })))).toBe(100000008);
  expect(idOf(Buffer.from('a line of a log'))).toBeUndefined();
});

test('a message is read plain and out of an event stream', () => {
  expect(parseMessage(Buffer.from('{"id":1}'))).toEqual({ id: 1 });
  expect(parseMessage(Buffer.from('event: message\nid: 4\ndata: {"id":2}\n\n'))).toEqual({ id: 2 });
});
