import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpPorts, type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postRaw } from '../support/raw-mcp.ts';

let stack: HttpStack;
const start = async (ports: HttpPorts = {}) => {
  await stack?.close();
  stack = await httpStack(ports);
};
beforeEach(() => start());
afterEach(() => stack.close());

const get = (path: string, init?: RequestInit) => fetch(stack.server.url + path, init);

describe('routes', () => {
  test.each(['GET', 'DELETE', 'PUT'])('%s /mcp is 405 and names POST', async (method) => {
    const response = await postRaw(stack.mcpUrl, '', { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await answerOf(response)).error.data.code).toBe('invalid_input');
  });

  test.each(['/', '/metrics', '/mcp/', '/__proto__', '/constructor'])('%s is 404 with a plain body', async (path) => {
    const response = await get(path);
    expect([response.status, await answerOf(response)]).toEqual([404, expect.objectContaining({ code: 'not_found' })]);
  });

  test('liveness asks nobody, readiness and health say what they were told', async () => {
    expect(await answerOf(await get('/health/live'))).toEqual({ status: 'alive' });
    expect((await get('/health/ready')).status).toBe(200);
    stack.readiness = { ready: false, reason: 'starting' };
    const notReady = await get('/health/ready');
    expect([notReady.status, await answerOf(notReady)]).toEqual([503, { status: 'not ready', reason: 'starting' }]);
    for (const [status, http] of [
      ['healthy', 200],
      ['degraded', 200],
      ['unhealthy', 503],
    ] as const) {
      stack.status = status;
      const response = await get('/health');
      expect([response.status, await answerOf(response)]).toEqual([http, { status }]);
    }
  });

  test('HEAD is answered like GET', async () => {
    expect((await get('/health/live', { method: 'HEAD' })).status).toBe(200);
  });

  test.each(['', '/mcp'])('the resource metadata is at the well-known address%s', async (suffix) => {
    const response = await get(`/.well-known/oauth-protected-resource${suffix}`);
    expect(await answerOf(response)).toEqual({ resource: 'http://127.0.0.1/mcp' });
  });

  test('every answer carries the security headers and a request id', async () => {
    for (const response of [await get('/health/live'), await get('/nowhere'), await postRaw(stack.mcpUrl, '{}', { token: '' })]) {
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'x-xss-protection': '0',
        'cache-control': 'no-store',
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(response.headers.get('strict-transport-security')).toBeNull();
    }
    await start({ tls: true });
    expect((await get('/health/live')).headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
  });
});
