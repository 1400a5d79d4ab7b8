import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postRaw } from '../support/raw-mcp.ts';

let stack: HttpStack;
beforeEach(async () => {
  stack = await httpStack();
});
afterEach(() => stack.close());

describe('the body', () => {
  const deep = `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`;
  test.each([
    ['is not JSON', '{"jsonrpc":', -32700],
    ['is empty', '', -32700],
    ['nests too deep', deep, -32600],
    ['is a batch', '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]', -32600],
    ['names __proto__', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"__proto__":{"a":1}}}', -32600],
    ['names a constructor', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"constructor":{"prototype":{}}}}', -32600],
  ])('a body that %s is 400', async (_what, body, code) => {
    const response = await postRaw(stack.mcpUrl, body);
    const { error, id } = await answerOf(response);
    expect([response.status, error.code, error.data.code, id]).toEqual([400, code, 'invalid_input', null]);
  });

  test('bytes that are no UTF-8 are 400', async () => {
    const headers = { Authorization: 'Bearer manager', 'Content-Type': 'application/json' };
    const response = await fetch(stack.mcpUrl, { method: 'POST', headers, body: new Uint8Array([0x22, 0xff, 0x22]) });
    expect(response.status).toBe(400);
  });

  test('more than 1 MiB is 400, declared or not', async () => {
    const huge = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { pad: 'x'.repeat(1024 * 1024) } });
    const declared = await postRaw(stack.mcpUrl, huge).catch(() => undefined);
    if (declared !== undefined)
      expect([declared.status, (await answerOf(declared)).error.data.code]).toEqual([400, 'invalid_input']);
    const status = await new Promise((resolve, reject) => {
      const headers = {
        Host: 'localhost',
        Authorization: 'Bearer manager',
        'Content-Type': 'application/json',
        'Transfer-Encoding': 'chunked',
      };
      const outgoing = httpRequest({ port: stack.server.port, path: '/mcp', method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      outgoing.on('error', reject);
      outgoing.write(huge);
    });
    expect(status).toBe(400);
  });

  const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const types = (type: string) => postRaw(stack.mcpUrl, list, { headers: { 'Content-Type': type } });
  test.each(['text/plain', 'application/json; charset=latin1', 'application/jsonp'])(
    'the content type %s is 415',
    async (type) => {
      const response = await types(type);
      expect([response.status, (await answerOf(response)).error.data.code]).toEqual([415, 'invalid_input']);
    },
  );

  test.each(['Application/JSON', 'application/json;charset=UTF-8', 'application/json; charset="utf-8"'])(
    'the content type %s is taken',
    async (type) => {
      expect((await types(type)).status).toBe(200);
    },
  );

  test('a compressed body is 415', async () => {
    expect((await postRaw(stack.mcpUrl, list, { headers: { 'Content-Encoding': 'gzip' } })).status).toBe(415);
    expect((await postRaw(stack.mcpUrl, list, { headers: { 'Content-Encoding': 'Identity' } })).status).toBe(200);
  });
});
