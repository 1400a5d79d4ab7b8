import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, revenueByStore } from './journeys.ts';
import { cleanEnvironment, copyOfPreparedDataDir, mainFile, newFolder, removeFolder, startProduct } from './product.ts';

let DATA_DIR = '';
beforeAll(async () => {
  DATA_DIR = await copyOfPreparedDataDir();
}, 120_000);
afterAll(() => removeFolder(DATA_DIR));

const command = (args: readonly string[]) => ({
  command: process.execPath,
  args: [mainFile, ...args],
  env: cleanEnvironment({ DATA_DIR }),
  stderr: 'ignore' as const,
});

const clients = {
  '2026-07-28': async (args: readonly string[]) => {
    const client = new ModernClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new ModernStdio(command(args)));
    return client;
  },
  '2025-11-25 and older': async (args: readonly string[]) => {
    const client = new LegacyClient({ name: 'test', version: '1' });
    await client.connect(new LegacyStdio(command(args)));
    return client;
  },
};

const principals: [string, string[], number][] = [
  ['head office', [], 8],
  ['a store manager', ['--role', 'store_manager', '--store', 'Redmond'], 1],
  ['a regional manager', ['serve', '--role', 'regional_manager', '--region', 'Puget Sound'], 4],
];

describe.each(Object.entries(clients))('over stdio, a client of %s', (_era, open) => {
  test.each(principals)(
    'is served as %s',
    async (_who, args, stores) => {
      const client = await open(args);
      const answer = await ask(client, revenueByStore);
      expect(answer.structuredContent?.row_count).toBe(stores);
      if (stores === 1) expect(answer.structuredContent?.rows[0]?.[0]).toBe('Zava Retail Redmond');
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain('execute_sales_query');
      await client.close();
      // The lock goes with the process that held it.
      await expect.poll(() => existsSync(join(DATA_DIR, 'lock')), { timeout: 30_000 }).toBe(false);
    },
    60_000,
  );
});

describe('the process over stdio', () => {
  const request = (id: number, method: string, params: object) => `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
  const initialize = request(0, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  });
  const call = (id: number, postgresql_query: string) =>
    request(id, 'tools/call', { name: 'execute_sales_query', arguments: { postgresql_query } });
  const slow = 'SELECT count(*) FROM order_items a CROSS JOIN order_items b';
  const messages = (stdout: string) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { jsonrpc: string; id: number });

  test('writes nothing but JSON-RPC to stdout, answers what was piped in, and ends with stdin', async () => {
    const product = startProduct([], { DATA_DIR });
    product.child.stdin?.end([initialize, call(1, slow), 'no JSON\n', request(2, 'tools/list', {})].join(''));
    expect(await product.ended).toEqual({ code: 0, signal: null });
    const answers = messages(product.stdout());
    expect(answers.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    expect(answers.map(({ id }) => id)).toEqual(expect.arrayContaining([0, 1, 2]));
    expect(existsSync(join(DATA_DIR, 'lock'))).toBe(false);
  }, 60_000);

  test('finishes the running query when it is asked to stop, and exits 0', async () => {
    const product = startProduct([], { DATA_DIR });
    product.child.stdin?.write(initialize);
    await expect.poll(() => product.stdout(), { timeout: 30_000 }).toContain('"id":0');
    product.child.stdin?.write(call(1, slow));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(product.stdout()).not.toContain('"id":1');
    expect(await product.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(product.stdout()).toMatch(/"rows":\[\[\d+\]\].*"id":1/);
  }, 60_000);

  test('ends although a plug-in keeps a timer that nobody clears', async () => {
    const plugins = await newFolder();
    const tool = join(mainFile, '../../examples/custom-tool/get-repeat-customers.mjs');
    await writeFile(join(plugins, 'a.mjs'), `setInterval(() => {}, 60_000);\nexport { default } from ${JSON.stringify(tool)};\n`);
    const product = startProduct([], { DATA_DIR, PLUGINS_DIR: plugins });
    product.child.stdin?.end(initialize);
    expect(await product.ended).toEqual({ code: 0, signal: null });
    expect(messages(product.stdout()).map(({ id }) => id)).toEqual([0]);
    await removeFolder(plugins);
  }, 60_000);
});
