import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EdgeStack } from '../support/edge-stack.ts';
import { attack, attackedEdge, type Bytes, bytesOf, expectJsonRpc, goodToken, sqlCall, toolCall } from './http-attack.ts';

let stack: EdgeStack;
let token: string;
beforeAll(async () => {
  [stack, token] = [await attackedEdge(), await goodToken()];
});
afterAll(() => stack.close());
const send = (bytes: Bytes) => attack(stack, bytesOf(token, bytes));
const date = (id: unknown) => toolCall('get_current_utc_date', {}, id);

async function refused(body: string | Buffer, code: number, headers: Record<string, string> = {}, status = 400): Promise<void> {
  const answer = await send({ body, headers });
  expect(answer.status).toBe(status);
  expectJsonRpc(answer);
  expect(JSON.parse(answer.body).error).toMatchObject({ code, data: { code: 'invalid_input' } });
}

describe('a body that is a bomb', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const withParams = (params: string) => `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":${params}}`;
  test.each<[string, string, number]>([
    ['objects 65 levels deep', nested(65), -32600],
    ['objects 100,000 levels deep', nested(100_000), -32600],
    ['arrays 64 levels deep in the parameters', withParams(`${'['.repeat(64)}${']'.repeat(64)}`), -32600],
    ['arrays 500,000 levels deep', withParams('['.repeat(500_000)), -32700],
    ['arrays 400,000 levels deep, closed', withParams(`${'['.repeat(400_000)}${']'.repeat(400_000)}`), -32600],
    ['a batch of two', `[${date(1)},${date(2)}]`, -32600],
    ['a batch of one', `[${date(1)}]`, -32600],
    ['a batch of none', '[]', -32600],
    ['a batch of 9,000', `[${Array.from({ length: 9000 }, (_, id) => date(id)).join()}]`, -32600],
    ['a batch in a batch', `[[${date(1)}]]`, -32600],
    ['a number of 900,000 digits as method', `{"jsonrpc":"2.0","id":7,"method":${'9'.repeat(900_000)}}`, -32600],
    ['one byte more than 1 MiB', withParams(`"${'x'.repeat(1024 * 1024 - withParams('""').length + 1)}"`), -32600],
  ])('%s', async (_what, body, code) => {
    await refused(body, code);
  });

  test('two gigabytes, announced', async () => {
    const answer = await send({ headers: { 'Content-Length': String(2 ** 31) }, body: '{' });
    expect([answer.status, answer.head]).toEqual([400, expect.stringMatching(/^connection: close\r?$/im)]);
    expectJsonRpc(answer);
  });

  test('two megabytes in chunks, unannounced', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const answer = await send({
      headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      body: `${chunk.repeat(32)}0\r\n\r\n`,
    });
    expect(answer.status).toBe(400);
    expectJsonRpc(answer);
  });

  test('two megabytes without a token are not even read', async () => {
    const answer = await attack(stack, bytesOf(token, { headers: { Authorization: undefined }, body: 'x'.repeat(2 ** 21) }));
    expect([401, 0]).toContain(answer.status);
  });

  test('150,000 empty arrays are an honest, if odd, body', async () => {
    const answer = await send({ body: withParams(`{"a":[${Array(150_000).fill('[]').join()}]}`) });
    expect(answer.status).toBe(200);
  });
});

describe('a body that is not what it says', () => {
  const utf16 = Buffer.from(sqlCall, 'utf16le');
  test.each<[string, string | Buffer, Record<string, string>]>([
    ['JSON as plain text, which any web page may send', sqlCall, { 'Content-Type': 'text/plain' }],
    ['JSON as a form', sqlCall, { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['JSON as several parts', sqlCall, { 'Content-Type': 'multipart/form-data; boundary=x' }],
    ['JSON with a type that begins like ours', sqlCall, { 'Content-Type': 'application/json-evil' }],
    ['JSON with ours behind another type', sqlCall, { 'Content-Type': 'text/plain; application/json' }],
    ['JSON in UTF-16', utf16, { 'Content-Type': 'application/json; charset=utf-16' }],
    ['JSON with two charsets', sqlCall, { 'Content-Type': 'application/json; charset=utf-8; charset=utf-7' }],
    ['JSON without a type', sqlCall, { 'Content-Type': '' }],
    ['gzip', gzipSync(sqlCall), { 'Content-Encoding': 'gzip' }],
    ['a gzip bomb', gzipSync(Buffer.alloc(50_000_000)), { 'Content-Encoding': 'gzip' }],
    ['gzip that is none', sqlCall, { 'Content-Encoding': 'gzip' }],
    ['several encodings', sqlCall, { 'Content-Encoding': 'identity, br' }],
  ])('%s', async (_what, body, headers) => {
    await refused(body, -32000, headers, 415);
  });

  test.each<[string, string | Buffer]>([
    ['UTF-16 that calls itself UTF-8', utf16],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":7,"method":"'), Buffer.from([0xc0, 0xaf, 0x22, 0x7d])]),
    ],
    ['a surrogate in UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80, 0x22, 0x7d])])],
    ['a null byte behind the JSON', `${sqlCall}\0`],
    ['two messages', `${sqlCall}${sqlCall}`],
    ['a comment', `/* evil */${sqlCall}`],
    ['a trailing comma', sqlCall.replace(/\}$/, ',}')],
    ['a number that is none', '{"jsonrpc":"2.0","id":NaN,"method":"tools/list"}'],
    ['XML with an entity', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'],
    ['nothing', ''],
    ['blanks', ' '.repeat(1000)],
  ])('%s', async (_what, body) => {
    await refused(body, -32700);
  });

  test.each<[string, string]>([
    ['null', 'null'],
    ['a word', '"tools/list"'],
    ['a number', '7'],
    ['another protocol', '{"jsonrpc":"1.0","id":7,"method":"tools/list"}'],
    ['no method', '{"jsonrpc":"2.0","id":7}'],
    ['a method that is a list', '{"jsonrpc":"2.0","id":7,"method":["tools/list"]}'],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{"a":1},"method":"tools/list"}'],
    ['parameters that are a list', '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[1]}'],
    ['a request and an answer in one', '{"jsonrpc":"2.0","id":7,"method":"tools/list","result":{},"error":{}}'],
  ])('JSON, but no request: %s', async (_what, body) => {
    const answer = await send({ body });
    expect(answer.status).toBe(400);
    expectJsonRpc(answer);
  });
});

describe('prototype pollution', () => {
  const polluted = '{"polluted":true}';
  test.each<[string, string]>([
    ['__proto__ at the top', `{"jsonrpc":"2.0","id":7,"method":"tools/list","__proto__":${polluted}}`],
    ['__proto__ escaped', `{"jsonrpc":"2.0","id":7,"method":"tools/list","\\u005f_proto__":${polluted}}`],
    ['__proto__ in the parameters', toolCall('get_current_utc_date').replace('"arguments":{}', `"__proto__":${polluted}`)],
    [
      '__proto__ in the arguments',
      toolCall('get_current_utc_date').replace('"arguments":{}', `"arguments":{"__proto__":${polluted}}`),
    ],
    ['__proto__ in _meta', `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":{"__proto__":${polluted}}}}`],
    ['__proto__ in a list', `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"a":[[{"__proto__":${polluted}}]]}}`],
    ['__proto__ that is null', '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"__proto__":null}}'],
    ['constructor.prototype', toolCall('get_current_utc_date', { constructor: { prototype: { polluted: true } } })],
    [
      'prototype alone, deep',
      `{"jsonrpc":"2.0","id":7,"method":"x","params":${'{"a":'.repeat(50)}{"prototype":1}${'}'.repeat(51)}`,
    ],
  ])('%s', async (_what, body) => {
    await refused(body, -32600);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a tool, a method and a prompt called %s',
    async (name) => {
      const tool = await send({ body: toolCall(name) });
      expect([tool.status, JSON.parse(tool.body).error.code]).toEqual([200, -32602]);
      const method = await send({ body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: name }) });
      expect([method.status, JSON.parse(method.body).error.code]).toEqual([200, -32601]);
      const prompt = await send({ body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'prompts/get', params: { name } }) });
      expect([prompt.status, JSON.parse(prompt.body).error.code]).toEqual([200, -32602]);
    },
  );

  test('a key that stands twice is read once: the admitted tool is the one that runs', async () => {
    const body = sqlCall
      .replace('"method"', '"method":"tools/list","method"')
      .replace('"name"', '"name":"get_current_utc_date","name"');
    expect((await send({ body })).status).toBe(200);
    const catalogueOnly = await goodToken('ann', { scope: 'catalog:read' });
    expect((await attack(stack, bytesOf(catalogueOnly, { body }))).status).toBe(403);
  });
});
