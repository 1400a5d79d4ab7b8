import { afterEach, describe, expect, test } from 'vitest';
import { attackedEdge, goodToken } from '../security/http-attack.ts';
import type { EdgeStack } from '../support/edge-stack.ts';
import { postLegacy } from '../support/raw-mcp.ts';

const page = 'https://console.example';
const date = { name: 'get_current_utc_date', arguments: {} };

let stack: EdgeStack;
afterEach(() => stack.close());
const start = async (env: Record<string, string>) => {
  stack = await attackedEdge({ env });
};
const preflight = (path: string, headers: Record<string, string>) =>
  fetch(stack.url + path, { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST', ...headers } });
const corsHeaders = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name === 'vary' || name.startsWith('access-control-')));

describe('with ENABLE_CORS', () => {
  const answerHeaders = {
    vary: 'Origin',
    'access-control-allow-origin': page,
    'access-control-expose-headers': 'WWW-Authenticate, Retry-After, X-Request-Id',
  };

  test('a listed page is told what it may send, and for how long that holds', async () => {
    await start({ ENABLE_CORS: 'true' });
    const response = await preflight('/mcp', { Origin: page, 'Access-Control-Request-Headers': 'authorization' });
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(corsHeaders(response)).toEqual({
      ...answerHeaders,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers':
        'Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, x-rls-user-id',
      'access-control-max-age': '3600',
    });
    expect(corsHeaders(await preflight('/.well-known/oauth-protected-resource', { Origin: page }))).toMatchObject({
      'access-control-allow-methods': 'GET',
    });
  });

  test('a listed page may read answers, refusals too, and never sends cookies', async () => {
    await start({ ENABLE_CORS: 'true' });
    const token = await goodToken();
    const answer = await postLegacy(stack.mcpUrl, 'tools/call', date, { token, headers: { Origin: page } });
    expect([answer.status, corsHeaders(answer)]).toEqual([200, answerHeaders]);
    const refusal = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: '', headers: { Origin: page } });
    expect([refusal.status, corsHeaders(refusal)]).toEqual([401, answerHeaders]);
    expect(refusal.headers.get('www-authenticate')).toContain('resource_metadata=');
  });

  test('a page that is not listed is refused, and one of loopback may call but not read', async () => {
    await start({ ENABLE_CORS: 'true' });
    for (const origin of ['https://evil.example', 'null']) {
      const response = await preflight('/mcp', { Origin: origin });
      expect([response.status, corsHeaders(response)]).toEqual([403, {}]);
    }
    const local = await preflight('/mcp', { Origin: 'http://localhost:6274' });
    expect([local.status, corsHeaders(local)]).toEqual([405, { vary: 'Origin' }]);
  });

  test('OPTIONS that is no preflight is the ordinary 405, and an unknown address the ordinary 404', async () => {
    await start({ ENABLE_CORS: 'true' });
    expect((await fetch(stack.mcpUrl, { method: 'OPTIONS', headers: { Origin: page } })).status).toBe(405);
    expect((await fetch(stack.mcpUrl, { method: 'OPTIONS' })).status).toBe(405);
    expect((await preflight('/nowhere', { Origin: page })).status).toBe(404);
  });
});

test('without ENABLE_CORS a preflight of a listed page is the ordinary 405, and no answer may be read', async () => {
  await start({});
  const response = await preflight('/mcp', { Origin: page });
  expect([response.status, response.headers.get('allow'), corsHeaders(response)]).toEqual([405, 'POST', {}]);
  const answer = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: await goodToken(), headers: { Origin: page } });
  expect([answer.status, corsHeaders(answer)]).toEqual([200, {}]);
});
