import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyOf } from '../identity/zava-directory.ts';
import type { EdgeStack } from '../support/edge-stack.ts';
import { attack, attackedEdge, type Bytes, bytesOf, expectJsonRpc, goodToken, sqlCall } from './http-attack.ts';

let stack: EdgeStack;
let token: string;
beforeAll(async () => {
  [stack, token] = [await attackedEdge(), await goodToken()];
});
afterAll(() => stack.close());

const send = (bytes: Bytes) => attack(stack, bytesOf(token, bytes));

/** Refused once it is known to be a request: with a JSON-RPC error on /mcp, and the plain body elsewhere. */
async function refused(bytes: Bytes, status: number, code?: string): Promise<void> {
  const answer = await send(bytes);
  expect(answer.all.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(answer.status).toBe(status);
  if (code === undefined) return;
  if (/^\w+ \/mcp(?:\?\S*)? /.test(bytes.line ?? 'POST /mcp ')) expectJsonRpc(answer);
  expect(answer.body).toContain(`"code":"${code}"`);
  expect(answer.head).toMatch(/^x-request-id: [0-9a-f-]{36}\r?$/im);
  expect(answer.head).toMatch(/^x-content-type-options: nosniff\r?$/im);
}

test('the call that all attacks are made from is good', async () => {
  const answer = await send({});
  expect([answer.status, JSON.parse(answer.body).id]).toEqual([200, 7]);
});

describe('rebinding: the Host', () => {
  test.each<[string, string | undefined]>([
    ['of a foreign site', 'evil.example'],
    ['that begins like ours', 'localhost.evil.example'],
    ['that ends like ours', 'evil-shop.example'],
    ['of ours with a dot at its end', 'shop.example.'],
    ['localhost with a dot at its end', 'localhost.'],
    ['with ours as userinfo', 'localhost@evil.example'],
    ['with a foreign one as userinfo', 'evil.example@localhost'],
    ['with empty userinfo', '@localhost'],
    ['with a password alone', ':x@localhost'],
    ['with a foreign one behind a comma', 'localhost, evil.example'],
    ['with a foreign one behind a blank', 'localhost evil.example'],
    ['with a port beyond all ports', 'localhost:99999'],
    ['with a port in words', 'localhost:http'],
    ['with a port and userinfo in its place', 'localhost:80@evil.example'],
    ['with a path', 'localhost/evil'],
    ['with a query', 'localhost?evil'],
    ['with a fragment', 'localhost#evil'],
    ['with a backslash', 'localhost\\evil.example'],
    ['percent-encoded', '%6cocalhost'],
    ['with a tab inside', 'local\thost'],
    ['with letters that fold to ours', 'loc\u00aalhost'],
    ['in punycode that looks like ours', 'xn--lcalhost-54g'],
    ['IPv4 mapped into IPv6', '[::ffff:127.0.0.1]'],
    ['IPv6 with a zone', '[::1%25lo]'],
    ['IPv6 without brackets', '::1'],
    ['the unspecified address', '0.0.0.0'],
    ['the unspecified IPv6 address', '[::]'],
    ['of the cloud’s metadata service', '169.254.169.254'],
    ['empty', ''],
  ])('%s', async (_what, host) => {
    await refused({ headers: { Host: host } }, 403, 'forbidden');
  });

  test('absent in HTTP/1.1', async () => {
    await refused({ headers: { Host: undefined } }, 400);
  });
  test('absent in HTTP/1.0', async () => {
    await refused({ line: 'POST /mcp HTTP/1.0', headers: { Host: undefined } }, 403, 'forbidden');
  });
  test.each([
    ['twice, ours first', 'localhost', 'evil.example'],
    ['twice, ours last', 'evil.example', 'localhost'],
    ['twice, the same', 'localhost', 'localhost'],
  ])('%s', async (_what, first, second) => {
    await refused({ headers: { Host: first }, more: [`Host: ${second}`] }, 400, 'invalid_input');
  });
  test.each(['X-Forwarded-Host', 'X-Host', 'Forwarded'])('foreign, with ours in %s', async (name) => {
    const value = name === 'Forwarded' ? 'host=localhost' : 'localhost';
    await refused({ headers: { Host: 'evil.example', [name]: value } }, 403, 'forbidden');
  });
});

describe('rebinding: the Origin', () => {
  test.each<[string, string]>([
    ['of a foreign site', 'https://evil.example'],
    ['null, as from a sandbox or a file', 'null'],
    ['empty', ''],
    ['a wildcard', '*'],
    ['that begins like a listed one', 'https://console.example.evil.example'],
    ['that ends like a listed one', 'https://evilconsole.example'],
    ['listed, with a dot at its end', 'https://console.example.'],
    ['listed, by plain HTTP', 'http://console.example'],
    ['listed, on another port', 'https://console.example:8443'],
    ['listed, with its default port written out', 'https://console.example:443'],
    ['listed, as userinfo of a foreign one', 'https://console.example@evil.example'],
    ['listed, with userinfo', 'https://evil@console.example'],
    ['listed, with a path', 'https://console.example/evil'],
    ['listed, with a slash', 'https://console.example/'],
    ['listed, with a foreign one behind a comma', 'https://console.example, https://evil.example'],
    ['in punycode that looks like a listed one', 'https://xn--cnsole-9ta.example'],
    ['of a file', 'file://'],
    ['of an extension', 'chrome-extension://abcdefghijklmnop'],
    ['of loopback by another scheme', 'ftp://localhost'],
    ['of loopback with userinfo', 'http://localhost@evil.example'],
    ['of loopback with a dot at its end', 'http://localhost.'],
    ['a script', 'javascript:alert(1)'],
  ])('%s', async (_what, origin) => {
    await refused({ headers: { Origin: origin } }, 403, 'forbidden');
  });

  test('listed and foreign, in two headers', async () => {
    await refused({ more: ['Origin: https://console.example', 'Origin: https://evil.example'] }, 403, 'forbidden');
  });
  test('foreign, on a health probe', async () => {
    await refused({ line: 'GET /health HTTP/1.1', headers: { Origin: 'https://evil.example' }, body: '' }, 403, 'forbidden');
  });
});

describe('smuggling: where a request ends', () => {
  const chunked = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
  const inChunks = `${sqlCall.length.toString(16)}\r\n${sqlCall}\r\n0\r\n\r\n`;
  const second = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n';
  test.each<[string, Bytes]>([
    ['Content-Length and Transfer-Encoding (CL.TE)', { headers: { 'Transfer-Encoding': 'chunked' }, body: `0\r\n\r\n${second}` }],
    ['Content-Length twice', { more: ['Content-Length: 5'] }],
    ['Content-Length twice, the same', { more: [`Content-Length: ${sqlCall.length}`] }],
    ['Content-Length as a list', { headers: { 'Content-Length': '5, 6' } }],
    ['Content-Length with a sign', { headers: { 'Content-Length': '+5' } }],
    ['Content-Length below nought', { headers: { 'Content-Length': '-1' } }],
    ['Content-Length in hex', { headers: { 'Content-Length': '0x10' } }],
    ['Content-Length beyond all numbers', { headers: { 'Content-Length': '99999999999999999999' } }],
    ['Transfer-Encoding that is none', { headers: { ...chunked, 'Transfer-Encoding': 'xchunked' }, body: inChunks }],
    ['Transfer-Encoding with chunked first', { headers: { ...chunked, 'Transfer-Encoding': 'chunked, identity' } }],
    ['Transfer-Encoding twice', { headers: chunked, more: ['Transfer-Encoding: identity'], body: inChunks }],
    ['a chunk size with a sign', { headers: chunked, body: '-1\r\nx\r\n0\r\n\r\n' }],
    ['a chunk size beyond all numbers', { headers: chunked, body: 'fffffffffffffffff\r\nx\r\n0\r\n\r\n' }],
    ['a chunk longer than its size', { headers: chunked, body: `3\r\n${sqlCall}\r\n0\r\n\r\n` }],
    ['a blank before the colon of a header', { more: ['X-Rls-User-Id : x'] }],
    ['a folded header', { more: ['X-Folded: a\r\n b'] }],
    ['a header without a name', { more: [': x'] }],
    ['a header without a colon', { more: ['evil'] }],
    ['a header name with a null byte', { more: ['X-\0Evil: x'] }],
    ['a header value with a null byte', { more: ['X-Evil: a\0b'] }],
    ['a header value with a bare carriage return', { more: ['X-Evil: a\rAuthorization: Bearer x'] }],
    ['a header value with a bare line feed', { more: ['X-Evil: a\nevil'] }],
    ['a path with a null byte', { line: 'POST /mcp\0 HTTP/1.1' }],
    ['a request line with a blank too many', { line: 'POST /mcp evil HTTP/1.1' }],
    ['a version of HTTP that is none', { line: 'POST /mcp HTTP/9.9' }],
    ['the preface of HTTP/2', { line: 'PRI * HTTP/2.0' }],
    ['a method that is none', { line: 'EVIL /mcp HTTP/1.1' }],
    ['a method in small letters', { line: 'post /mcp HTTP/1.1' }],
  ])('%s', async (_what, bytes) => {
    await refused(bytes, 400);
  });

  test('bytes of a TLS handshake', async () => {
    const answer = await attack(stack, Buffer.from('16030100a5010000a10303', 'hex'));
    expect([400, 0]).toContain(answer.status);
  });
  test('an HTTP/0.9 request, which has no Host', async () => {
    expect((await attack(stack, 'GET /health\r\n\r\n')).status).toBe(403);
  });
  test('a second request behind the first is one of its own, and its token is judged by itself', async () => {
    const first = bytesOf(token, { headers: { Connection: 'keep-alive' } });
    const answer = await attack(stack, Buffer.concat([first, bytesOf('stolen', {})]), 2);
    expect([...answer.all.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '401']);
  });
  test('a request hidden in the body of a refused one is not answered', async () => {
    await refused({ headers: { Authorization: undefined }, body: second }, 401, 'unauthenticated');
  });
  test('a token in the trailers of a chunked body counts for nothing', async () => {
    const body = `${inChunks.slice(0, -2)}Authorization: Bearer ${token}\r\n\r\n`;
    await refused({ headers: { ...chunked, Authorization: undefined }, body }, 401, 'unauthenticated');
  });
  test('the narrowing header in the trailers of a chunked body counts for nothing', async () => {
    const body = `${inChunks.slice(0, -2)}x-rls-user-id: ${keyOf(2)}\r\n\r\n`;
    expect((await send({ headers: chunked, body })).status).toBe(200);
  });
});

describe('the address', () => {
  test.each<[string, string, number, string]>([
    ['an absolute one of a foreign host', 'http://evil.example/mcp', 400, 'invalid_input'],
    ['an absolute one of ours', 'http://localhost/mcp', 400, 'invalid_input'],
    ['an asterisk', '*', 400, 'invalid_input'],
    ['two slashes', '//mcp', 404, 'not_found'],
    ['a foreign host behind two slashes', '//evil.example/mcp', 404, 'not_found'],
    ['a way up', '/mcp/../mcp', 404, 'not_found'],
    ['a way up, encoded', '/x/%2e%2e/mcp', 404, 'not_found'],
    ['a way out', '/../../../etc/passwd', 404, 'not_found'],
    ['a dot', '/./mcp', 404, 'not_found'],
    ['an encoded letter', '/%6dcp', 404, 'not_found'],
    ['an encoded slash', '/%2fmcp', 404, 'not_found'],
    ['an encoded null', '/mcp%00', 404, 'not_found'],
    ['an encoded line break', '/mcp%0d%0aX-Evil:%201', 404, 'not_found'],
    ['a broken escape', '/%zz%', 404, 'not_found'],
    ['a backslash', '/mcp\\', 404, 'not_found'],
    ['a semicolon', '/mcp;x=1', 404, 'not_found'],
    ['a slash at the end', '/mcp/', 404, 'not_found'],
    ['capitals', '/MCP', 404, 'not_found'],
    ['a property of every object', '/__proto__', 404, 'not_found'],
    ['another one', '/constructor', 404, 'not_found'],
    ['of the metadata, with another path', '/.well-known/oauth-protected-resource/evil', 404, 'not_found'],
    ['of the metadata, with a slash', '/.well-known/oauth-protected-resource/', 404, 'not_found'],
  ])('%s: %s', async (_what, address, status, code) => {
    await refused({ line: `POST ${address} HTTP/1.1` }, status, code);
  });

  test('of 20,000 characters', async () => {
    await refused({ line: `POST /mcp?${'x'.repeat(20_000)} HTTP/1.1` }, 431);
  });

  test.each(['access_token', 'ACCESS_TOKEN', 'token', 'Authorization', 'a=1&access_token', 'access%5ftoken', 'q'])(
    'with a token as %s, although a good one is in the header',
    async (name) => {
      await refused({ line: `POST /mcp?${name}=${token} HTTP/1.1` }, 401, 'unauthenticated');
    },
  );
});

describe('the method', () => {
  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH'])('%s /mcp', async (method) => {
    const answer = await send({ line: `${method} /mcp HTTP/1.1` });
    expect([answer.status, answer.head]).toEqual([405, expect.stringMatching(/^allow: POST\r?$/im)]);
    if (method === 'HEAD') expect(answer.body).toBe('');
    else expectJsonRpc(answer);
    expect(answer.all).not.toContain('Access-Control');
  });
  test('CONNECT to a foreign host', async () => {
    await refused({ line: 'CONNECT evil.example:443 HTTP/1.1', body: '' }, 405);
  });
  test('POST to a health probe', async () => {
    await refused({ line: 'POST /health HTTP/1.1' }, 405, 'invalid_input');
  });
  test('GET that a header would turn into POST', async () => {
    const more = ['X-HTTP-Method-Override: POST', 'X-Method-Override: POST'];
    await refused({ line: 'GET /mcp HTTP/1.1', more }, 405, 'invalid_input');
  });
  test('an upgrade to WebSocket is not taken up', async () => {
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
    await refused({ line: 'GET /mcp HTTP/1.1', headers, body: '' }, 405, 'invalid_input');
  });
  test('an upgrade to HTTP/2 in clear text is not taken up', async () => {
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' };
    await refused({ headers: { ...headers, Authorization: undefined } }, 401, 'unauthenticated');
  });
  test('a preflight of a page that nobody listed', async () => {
    const headers = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' };
    await refused({ line: 'OPTIONS /mcp HTTP/1.1', headers, body: '' }, 403, 'forbidden');
  });
});

describe('the headers', () => {
  const many = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, index) => line(index));
  test.each<[string, Bytes, number, string?]>([
    ['200 of them', { more: many(200, (index) => `X-${index}: x`) }, 431, 'invalid_input'],
    ['2,500 short ones, a second token at the end', { more: [...many(2500, () => 'a:'), 'Authorization: Bearer evil'] }, 431],
    ['one of 20,000 characters', { more: [`X-Long: ${'x'.repeat(20_000)}`] }, 431],
    ['a name of 20,000 characters', { more: [`${'x'.repeat(20_000)}: 1`] }, 431],
    ['a cookie of 20,000 characters', { more: [`Cookie: ${'x'.repeat(20_000)}`] }, 431],
    ['Authorization twice', { more: ['Authorization: Bearer other'] }, 401, 'unauthenticated'],
    ['Content-Type twice', { more: ['Content-Type: text/plain'] }, 400, 'invalid_input'],
    ['x-rls-user-id twice', { more: [`x-rls-user-id: ${keyOf(1)}`, `x-rls-user-id: ${keyOf(1)}`] }, 403, 'forbidden'],
    ['x-rls-user-id twice, in other letters', { more: [`x-rls-user-id: ${keyOf(1)}`, `X-RLS-USER-ID: ${keyOf(2)}`] }, 403],
    ['x-rls-user-id of another store', { more: [`x-rls-user-id: ${keyOf(2)}`] }, 403, 'forbidden'],
    ['an expectation that nobody knows', { more: ['Expect: evil'] }, 417],
    ['a revision that contradicts the body', { more: ['MCP-Protocol-Version: 1999-01-01'] }, 400, 'invalid_input'],
    ['Mcp-Method twice', { more: ['Mcp-Method: tools/list', 'Mcp-Method: tools/call', 'MCP-Protocol-Version: 2026-07-28'] }, 400],
    ['an Accept that takes nothing of ours', { headers: { Accept: 'text/html' } }, 406],
  ])('%s', async (_what, bytes, status, code) => {
    await refused(bytes, status, code);
  });
});
