import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EdgeStack } from '../support/edge-stack.ts';
import { postLegacy } from '../support/raw-mcp.ts';
import {
  attack,
  attackedEdge,
  type Bytes,
  bytesOf,
  expectHonestLog,
  expectJsonRpc,
  expectNoLeak,
  expectStillServing,
  goodToken,
  sendBytes,
  toolCall,
} from './http-attack.ts';
import { recordAnswer } from './record-answer.ts';

const limits = { headersTimeoutMs: 300, requestTimeoutMs: 600, idleTimeoutMs: 2000, maxInFlight: 20 };
let stack: EdgeStack;
let token: string;
beforeAll(async () => {
  [stack, token] = [await attackedEdge({ limits }), await goodToken()];
});
afterAll(() => stack.close());
beforeEach(() => {
  stack.logLines();
  stack.observations.length = 0;
});

const send = (bytes: Bytes) => attack(stack, bytesOf(token, bytes));

/** What the server says until it closes the connection. */
function hold(bytes: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    let seen = '';
    const socket = connect(stack.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data) => {
      seen += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(seen));
  });
}

describe('clients that take their time', () => {
  test('one that never finishes its headers', async () => {
    const answer = await hold('POST /mcp HTTP/1.1\r\nHost: local');
    recordAnswer(answer.slice(9, 12));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('one that sends a header line every 50 ms for ever', async () => {
    const socket = connect(stack.port, '127.0.0.1');
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\n');
    const drip = setInterval(() => socket.write('X-Slow: x\r\n'), 50);
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}));
    let seen = '';
    socket.on('data', (data) => {
      seen += data;
    });
    await closed;
    clearInterval(drip);
    recordAnswer(seen.slice(9, 12));
    expect(seen).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('one that never sends its body', async () => {
    const answer = await hold(bytesOf(token, { headers: { 'Content-Length': '100' }, body: '{' }));
    recordAnswer(answer.slice(9, 12));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('one that connects and says nothing', async () => {
    recordAnswer('connection closed');
    expect(await hold('')).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('fifty at once without a token: honest calls go on meanwhile', async () => {
    const body = { headers: { Authorization: undefined, 'Content-Length': '1000' }, body: '{' };
    const held = Array.from({ length: 50 }, () => hold(bytesOf(token, body)));
    await expectStillServing(stack);
    for (const answer of await Promise.all(held)) expect(answer).toMatch(/^HTTP\/1\.1 (401|503) /);
    recordAnswer('401 unauthenticated');
  });

  test('more than there is room for: the rest is told to come back, and so is the log', async () => {
    const held = Array.from({ length: 20 }, () => hold(bytesOf(token, { headers: { 'Content-Length': '100' }, body: '{' })));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const answer = await sendBytes(stack.port, bytesOf(token, {}));
    recordAnswer('503 overloaded');
    expect([answer.status, answer.head]).toEqual([503, expect.stringMatching(/^retry-after: 1\r?$/im)]);
    expectJsonRpc(answer);
    expectNoLeak(answer);
    expect(stack.observations).toContainEqual(expect.objectContaining({ kind: 'request_refused', code: 'overloaded' }));
    await Promise.all(held);
    await expectStillServing(stack);
  });
});

describe('lines of the log cannot be forged', () => {
  const forged = '\r\n{"time":"2026-01-01T00:00:00.000Z","level":"info","event":"server_stopped"}\r\n\u2028\u001b[2K';
  const events = (lines: readonly Record<string, unknown>[]) => lines.map(({ event }) => event);

  test('by the subject of a token', async () => {
    await postLegacy(stack.mcpUrl, 'tools/call', { name: 'get_current_utc_date' }, { token: await goodToken(`eve${forged}`) });
    recordAnswer('200, one line of the log for each event');
    expect(events(expectHonestLog(stack))).toEqual(['caller_recognised', 'tool_called', 'request_answered']);
  });
  test('by the name of a tool', async () => {
    await send({ body: toolCall(forged) });
  });
  test('by the name of a method', async () => {
    await send({ body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: forged }) });
  });
  test('by an argument that is refused', async () => {
    await send({ body: toolCall('get_multiple_table_schemas', { table_names: [forged] }) });
  });
  test('by a key of the body', async () => {
    await send({ body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/list', [forged]: { __proto__x: 1 } }) });
  });
  test('by the id of a request', async () => {
    const answer = await send({ body: toolCall('no_such_tool', {}, forged) });
    expect(JSON.parse(answer.body).id).toBe(forged);
    expect(answer.all.split('\r\n\r\n')).toHaveLength(2);
  });
  test('by escapes in the address', async () => {
    await send({ line: 'POST /%0d%0a%7b%22event%22%3a%22server_stopped%22%7d HTTP/1.1' });
  });
  test('by terminal escapes in a header', async () => {
    await send({ more: ['X-Forwarded-For: \u001b[2K127.0.0.1', 'User-Agent: \u009b2K'] });
  });
  test('by a client of Node that lets nothing else through', () => {
    recordAnswer('refused by the client');
    expect(() => httpRequest(stack.mcpUrl, { headers: { 'X-Evil': forged } })).toThrow(/Invalid character/);
  });
});

describe('what is open to everybody tells nothing', () => {
  const get = (path: string) =>
    send({ line: `GET ${path} HTTP/1.1`, headers: { Authorization: undefined, 'Content-Length': undefined }, body: '' });
  test.each([
    ['/health', '{"status":"healthy"}'],
    ['/health?verbose=1&detail=true', '{"status":"healthy"}'],
    ['/health/live', '{"status":"alive"}'],
    ['/health/ready', '{"status":"ready"}'],
  ])('GET %s', async (path, body) => {
    const answer = await get(path);
    expect([answer.status, answer.body]).toEqual([200, body]);
  });

  test.each(['', '/mcp'])('the resource metadata at the well-known address%s', async (suffix) => {
    const answer = await get(`/.well-known/oauth-protected-resource${suffix}`);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      {
        resource: stack.mcpUrl,
        resource_name: 'edge',
        scopes_supported: expect.arrayContaining(['catalog:read', 'sales:read']),
        bearer_methods_supported: ['header'],
      },
    ]);
  });

  test.each([
    '/',
    '/metrics',
    '/health/detailed',
    '/dashboard',
    '/debug',
    '/.env',
    '/.git/config',
    '/package.json',
    '/server-status',
  ])('GET %s', async (path) => {
    const answer = await get(path);
    expect([404, 401]).toContain(answer.status);
    expect(Object.keys(JSON.parse(answer.body))).toEqual(expect.arrayContaining(['code', 'message']));
  });

  test('a foreign Host in the metadata: the resource is not named after it', async () => {
    const answer = await send({
      line: 'GET /.well-known/oauth-protected-resource HTTP/1.1',
      headers: { Host: 'shop.example' },
      body: '',
    });
    expect(JSON.parse(answer.body).resource).toBe(stack.mcpUrl);
  });
});
