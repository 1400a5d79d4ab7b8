import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpServer } from '../../src/http/listen.ts';
import { startConformanceFixture } from '../support/conformance-fixture.ts';
import { legacyClient, modernClient } from '../support/mcp-clients.ts';
import { postLegacy, postModern } from '../support/raw-mcp.ts';

let fixture: HttpServer;
let url: string;
beforeAll(async () => {
  fixture = await startConformanceFixture();
  url = `${fixture.url}/mcp`;
});
afterAll(() => fixture.close(200));

describe.each([
  ['2026-07-28', modernClient, postModern],
  ['2025-11-25', legacyClient, postLegacy],
] as const)('the conformance fixture in revision %s', (_era, connect, send) => {
  test('answers the plain scenarios', async () => {
    const client = await connect(url, 'anything');
    const { content } = await client.callTool({ name: 'test_simple_text', arguments: {} });
    expect(content).toEqual([{ type: 'text', text: 'This is a simple text response for testing.' }]);
    await client.close();
  });

  test('tells progress while the call runs', async () => {
    const client = await connect(url, 'anything');
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    const params = { name: 'test_tool_with_progress', arguments: {} };
    const answer =
      'getNegotiatedProtocolVersion' in client
        ? await client.callTool(params, { onprogress })
        : await client.callTool(params, undefined, { onprogress });
    expect(answer.isError ?? false).toBe(false);
    expect(seen).toEqual([0, 50, 100]);
    await client.close();
  });

  test('a client that leaves an event stream ends it, and the server goes on', async () => {
    const gone = new AbortController();
    const params = { name: 'test_tool_with_progress', arguments: {}, _meta: { progressToken: 1 } };
    const response = await send(url, 'tools/call', params, { signal: gone.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body?.getReader();
    await reader?.read();
    gone.abort();
    await expect(reader?.read()).rejects.toThrow();
    expect((await send(url, 'tools/list', {})).status).toBe(200);
  });
});
