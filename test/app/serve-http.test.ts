import { afterEach, expect, test } from 'vitest';
import { type ServeHttpOptions, serveHttp } from '../../src/app/serve-http.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { HttpServer } from '../../src/http/listen.ts';
import { retailDefinition } from '../../src/retail/definition.ts';

let server: HttpServer | undefined;
afterEach(() => server?.close(100));

const notAsked = async () => Promise.reject(new Error('not asked'));

/** The edge over parts that only say whether they are there. */
async function edge(env: Record<string, string>, query: () => Promise<unknown[]> = async () => []) {
  const closed: string[] = [];
  server = await serveHttp({
    config: loadConfig({ serving: 'http' }, { PORT: '0', ...env }),
    definition: retailDefinition,
    composition: {
      mcp: { http: () => ({ drain: () => void closed.push('streams'), close: async () => void closed.push('endpoint') }) },
      edge: { callers: () => ({ authenticate: notAsked, recognise: notAsked }) },
    },
    database: { query },
    trusted: undefined,
    serverName: 'test',
    note: () => {},
  } as unknown as ServeHttpOptions);
  return { url: server.url, server, closed };
}

test('the metadata name the address that the server got', async () => {
  const { url } = await edge({});
  expect(await (await fetch(`${url}/.well-known/oauth-protected-resource`)).json()).toMatchObject({ resource: `${url}/mcp` });
});

test('behind a public address the metadata name that, and its host is let in', async () => {
  const { url } = await edge({ PUBLIC_URL: 'https://shop.example', ALLOWED_HOSTS: 'other.example' });
  const response = await fetch(`${url}/.well-known/oauth-protected-resource`);
  expect(await response.json()).toMatchObject({ resource: 'https://shop.example/mcp' });
  expect(response.headers.get('Strict-Transport-Security')).toContain('max-age=');
});

test('it is ready and healthy just as long as the database answers', async () => {
  let there = true;
  const { url } = await edge({}, async () => {
    if (!there) throw new Error('gone');
    return [];
  });
  const states = async () => [(await fetch(`${url}/health/ready`)).status, (await fetch(`${url}/health`)).status];
  expect(await states()).toEqual([200, 200]);
  there = false;
  expect(await states()).toEqual([503, 503]);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
});

test('its streams end first, and the endpoint is closed after the server', async () => {
  const opened = await edge({});
  await opened.server.close(100);
  expect(opened.closed).toEqual(['streams', 'endpoint']);
});
