import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { copyOfPreparedDataDir, removeFolder, runProduct } from '../e2e/product.ts';
import { postLegacy } from '../support/raw-mcp.ts';
import { type RunningVerb, runVerb, startVerb } from './command-line.ts';

let DATA_DIR = '';
const realStdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {};

beforeAll(async () => {
  DATA_DIR = await copyOfPreparedDataDir();
}, 120_000);
afterAll(() => removeFolder(DATA_DIR));
afterEach(() => Object.defineProperty(process, 'stdin', realStdin));

async function told(verb: RunningVerb, text: string | RegExp): Promise<string> {
  await expect.poll(() => verb.stderr(), { interval: 10, timeout: 50_000 }).toMatch(text);
  return verb.stderr();
}

const countStores = {
  name: 'execute_sales_query',
  arguments: { postgresql_query: 'SELECT count(DISTINCT store_id) FROM orders' },
};

describe('serve over HTTP', () => {
  test('prints three callers who can ask at once, and stops cleanly', async () => {
    const verb = startVerb(['serve', '--transport', 'http', '--port', '0'], { DATA_DIR, EMBEDDER: 'none' });
    const text = await told(verb, 'Ctrl-C stops the server');
    expect(text).toContain('# Store manager of Zava Retail Seattle');
    expect(text).toContain('# Regional manager of Puget Sound');
    const [, url = ''] = /answers at (\S+)\./.exec(text) ?? [];
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/mcp$/);
    const tokens = [...text.matchAll(/Bearer ([\w.-]+)/g)].map(([, token = '']) => token);
    const counts = await Promise.all(
      tokens.map(async (token) => JSON.stringify(await (await postLegacy(url, 'tools/call', countStores, { token })).json())),
    );
    expect(counts.map((answer) => /"rows":\[\[(\d+)\]\]/.exec(answer)?.[1])).toEqual(['1', '4', '8']);
    const refused = await postLegacy(url, 'tools/call', countStores, { token: '' });
    expect(refused.headers.get('WWW-Authenticate')).toContain(new URL('/.well-known/oauth-protected-resource', url).href);
    expect((await fetch(new URL('/health', url))).status).toBe(200);
    expect((await fetch(new URL('/health/ready', url))).status).toBe(200);

    const second = await runProduct(['seed', '--verify'], { DATA_DIR });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`Another process uses ${DATA_DIR}`);

    verb.signal('SIGTERM');
    const { code, stdout, stderr } = await verb.done;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('"event":"server_stopped","reason":"SIGTERM"');
    await expect(fetch(url)).rejects.toThrow();
  }, 60_000);

  test('answers nobody where no issuer is configured', async () => {
    const verb = startVerb(['serve', '--transport', 'http', '--port', '0'], { DATA_DIR, EMBEDDER: 'none', DEV_ISSUER: 'false' });
    const [, url = ''] = /"address":"([^"]+)"/.exec(await told(verb, '"event":"server_started"')) ?? [];
    const refused = await postLegacy(`${url}/mcp`, 'tools/list', {}, { token: 'any' });
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain('No token issuer is configured');
    verb.signal('SIGINT');
    expect((await verb.done).stderr).not.toContain('Bearer');
  }, 60_000);

  test('refuses a port that is taken, names it, and gives the database back', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = String((other.address() as AddressInfo).port);
    const { code, stderr } = await runVerb(['serve', '--transport', 'http', '--port', port], { DATA_DIR });
    other.close();
    expect(code).toBe(78);
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}`);
    expect(await runVerb(['seed', '--verify'], { DATA_DIR })).not.toMatchObject({ stderr: expect.stringContaining('Another') });
  }, 60_000);

  test('refuses a key that is none before it opens the database', async () => {
    const env = { DATA_DIR: `${DATA_DIR}/none`, AUTH_PUBLIC_KEY: 'hello' };
    const { code, stderr } = await runVerb(['serve', '--transport', 'http', '--port', '0'], env);
    expect(code).toBe(78);
    expect(stderr).not.toContain('Creating');
    expect(stderr).toMatch(/public key .* is not PEM/);
  });
});

describe('serve over stdio', () => {
  function client(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const stdin = new PassThrough();
    Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
    const verb = startVerb(args, { DATA_DIR, ...env });
    const write = (message: object) => stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    write({ id: 0, method: 'initialize', params });
    write({ method: 'notifications/initialized' });
    return { stdin, verb, write };
  }

  test.each([
    ['head office, when nobody is named', [], 8],
    ['one store', ['serve', '--role', 'store_manager', '--store', 'Redmond'], 1],
    ['a region', ['serve', '--role', 'regional_manager', '--region', 'Puget Sound'], 4],
    ['head office with one store only', ['serve', '--role', 'super_admin', '--store', 'Redmond', 'Online'], 2],
  ])(
    'serves %s, and answers what was piped in before it ends with stdin',
    async (_who, args, stores) => {
      const { stdin, verb, write } = client(args);
      write({ id: 1, method: 'tools/call', params: countStores });
      stdin.end();
      const { code, stdout, stderr } = await verb.done;
      expect(code).toBe(0);
      const messages = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: number; result: object });
      expect(messages.map(({ id }) => id)).toEqual([0, 1]);
      expect(messages[1]?.result).toMatchObject({ structuredContent: { rows: [[stores]] } });
      expect(stderr).toContain('"reason":"the client has gone"');
    },
    60_000,
  );

  test('lets a running query finish when it is asked to stop', async () => {
    const { verb, write } = client([]);
    await expect.poll(() => verb.stdout(), { timeout: 50_000 }).toContain('"id":0');
    const slow = 'SELECT count(*) FROM order_items a CROSS JOIN order_items b';
    write({ id: 1, method: 'tools/call', params: { ...countStores, arguments: { postgresql_query: slow } } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(verb.stdout()).not.toContain('"id":1');
    verb.signal('SIGTERM');
    const { code, stdout } = await verb.done;
    expect(code).toBe(0);
    expect(stdout).toMatch(/"rows":\[\[\d+\]\].*"id":1/);
  }, 60_000);

  test.each([
    ['an unknown role', ['serve', '--role', 'boss'], /no role called "boss"/],
    ['an unknown store', ['serve', '--role', 'store_manager', '--store', 'Paris'], /no tenant called "Paris"/],
    ['a role without what it needs', ['serve', '--role', 'regional_manager'], /sees only what is named/],
  ])(
    'refuses %s as bad usage',
    async (_what, args, text) => {
      const { verb } = client(args);
      const { code, stdout, stderr } = await verb.done;
      expect(stderr).toMatch(text);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    },
    60_000,
  );
});
