import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHostGuard } from '../../src/http/host-guard.ts';
import { type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';

const guard = createHostGuard({
  allowedHosts: ['Shop.example', 'api.example:8443'],
  allowedOrigins: ['https://console.example/'],
  loopback: false,
});

test.each([
  ['shop.example', true],
  ['shop.example:1', true],
  ['api.example:8443', true],
  ['api.example', false],
  ['api.example:1', false],
  ['localhost', false],
  ['127.0.0.1', false],
  [undefined, false],
  ['', false],
  ['shop.example/x', false],
  ['user@shop.example', false],
])('away from loopback the Host %s is allowed: %s', (host, allowed) => {
  const attempt = () => guard({ host });
  if (allowed) expect(attempt).not.toThrow();
  else expect(attempt).toThrow(/Host is not served/);
});

test('loopback origins are foreign away from loopback', () => {
  expect(() => guard({ host: 'shop.example', origin: 'http://localhost' })).toThrow(/Origin is not allowed/);
  expect(() => guard({ host: 'shop.example', origin: 'https://console.example' })).not.toThrow();
});

test('one browser extension does not open the door to all', () => {
  const origin = 'chrome-extension://abcdefgh';
  const console = createHostGuard({ allowedHosts: ['shop.example'], allowedOrigins: [origin], loopback: false });
  expect(() => console({ host: 'shop.example', origin })).not.toThrow();
  expect(() => console({ host: 'shop.example', origin: 'chrome-extension://other' })).toThrow(/Origin/);
  expect(() => console({ host: 'shop.example', origin: 'file:///x' })).toThrow(/Origin/);
});

let stack: HttpStack;
beforeEach(async () => {
  stack = await httpStack();
});
afterEach(() => stack.close());

const date = { name: 'get_current_utc_date', arguments: {} };
/** `fetch` does not let anyone choose the Host. */
function withHost(host: string, path = '/mcp'): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port: stack.server.port, path, headers: { host } }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe('host and origin', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1@evil.example', 'shop.example.evil', 'a b'])(
    'the Host %s is 403 on every path but the two that platforms probe',
    async (host) => {
      for (const path of ['/mcp', '/health', '/.well-known/oauth-protected-resource']) {
        expect((await withHost(host, path)).status).toBe(403);
      }
    },
  );

  test('a platform probes a replica by its address, and learns no more than whether it lives and is ready', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      expect((await withHost('10.0.4.17:8000', path)).status).toBe(200);
    }
    expect((await withHost('10.0.4.17:8000', '/health/live?x=/mcp')).status).toBe(200);
  });

  test.each(['localhost', 'localhost:1234', '[::1]:80', '127.0.0.1', 'SHOP.example:8443'])(
    'the Host %s is served',
    async (host) => {
      expect((await withHost(host, '/health')).status).toBe(200);
    },
  );

  test.each(['https://evil.example', 'null', 'not an origin', 'https://console.example.evil', 'ftp://localhost'])(
    'the Origin %s is 403, before the token is looked at',
    async (origin) => {
      const response = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: 'nobody', headers: { Origin: origin } });
      const { error, id } = await answerOf(response);
      expect([response.status, error.code, error.data.code, id]).toEqual([403, -32000, 'forbidden', null]);
    },
  );

  test.each(['https://console.example', 'http://localhost:6274'])('the Origin %s is served', async (origin) => {
    expect((await postLegacy(stack.mcpUrl, 'tools/call', date, { headers: { Origin: origin } })).status).toBe(200);
  });
});
