import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';

let stack: HttpStack;
beforeEach(async () => {
  stack = await httpStack();
});
afterEach(() => stack.close());

const date = { name: 'get_current_utc_date', arguments: {} };

describe('the token', () => {
  test('without one, the challenge names the metadata and no error', async () => {
    const response = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: '' });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource", scope="catalog:read sales:read"',
    );
    expect((await answerOf(response)).error.data.code).toBe('unauthenticated');
  });

  test.each(['Basic bWFuYWdlcg==', 'manager', 'Bearer', 'Bearer a b', 'Bearer nobody', 'xBearer manager'])(
    'Authorization: %s is 401 with error="invalid_token"',
    async (authorization) => {
      const headers = { Authorization: authorization };
      const response = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: '', headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", /);
    },
  );

  test.each(['bearer manager', 'BEARER manager'])('the scheme counts in any case: %s', async (authorization) => {
    const headers = { Authorization: authorization };
    expect((await postLegacy(stack.mcpUrl, 'tools/call', date, { token: '', headers })).status).toBe(200);
  });

  test('a token in the query string counts for nothing', async () => {
    const url = `${stack.mcpUrl}?access_token=manager&token=manager`;
    expect((await postLegacy(url, 'tools/call', date, { token: '' })).status).toBe(401);
  });

  test('two Authorization headers are 401', async () => {
    const status = await new Promise((resolve) => {
      const headers = ['Host', 'localhost', 'Authorization', 'Bearer manager', 'Authorization', 'Bearer manager'];
      httpRequest({ port: stack.server.port, path: '/mcp', method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end('{}');
    });
    expect(status).toBe(401);
  });

  test('every value of the tenant header reaches authentication', async () => {
    await postLegacy(stack.mcpUrl, 'tools/call', date, { headers: { 'X-RLS-User-Id': 'a, b' } });
    await postLegacy(stack.mcpUrl, 'tools/call', date);
    expect(stack.tenantHeaders).toEqual([['a, b'], []]);
  });

  test('a refusal with a wait says how long', async () => {
    const limited = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: 'flooder' });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '2']);
    expect((await answerOf(limited)).error.data).toMatchObject({ code: 'rate_limited', retry_after_s: 2 });
    const unlucky = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: 'unlucky' });
    expect([unlucky.status, (await answerOf(unlucky)).error.data.code]).toEqual([503, 'dependency_unavailable']);
  });

  test('each refusal is noted once', async () => {
    await postLegacy(stack.mcpUrl, 'tools/call', date, { token: 'nobody' });
    expect(stack.observations.filter((seen) => seen.kind === 'request_refused')).toEqual([
      expect.objectContaining({ code: 'unauthenticated', httpStatus: 401, peer: '127.0.0.1' }),
    ]);
  });
});
