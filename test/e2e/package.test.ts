import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, revenueByStore } from './journeys.ts';
import { cleanEnvironment, newFolder, removeFolder } from './product.ts';

const run = promisify(execFile);
const root = new URL('../../', import.meta.url).pathname;

/** What `npm publish` would send, installed where nothing else is. */
describe('the package, installed in an empty folder', () => {
  let folder = '';
  let packed: { filename: string; size: number; unpackedSize: number; files: { path: string }[] };
  beforeAll(async () => {
    folder = await newFolder();
    // The build is there already: the scripts would make it again.
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
    [packed] = JSON.parse(stdout) as [typeof packed];
    const home = join(folder, 'home');
    await mkdir(home);
    await run('npm', ['init', '--yes'], { cwd: home });
    const quick = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...quick, join(folder, packed.filename)], { cwd: home });
  }, 240_000);
  afterAll(() => removeFolder(folder));

  test('is small, and holds what runs and what says so', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(packed.size).toBeLessThan(1_500_000);
    expect(paths).toEqual(
      expect.arrayContaining(['dist/main.js', 'dist/apps/dashboard.html', 'migrations/0001_retail_schema.sql']),
    );
    expect(paths).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'THIRD_PARTY_NOTICES.md', 'data/SOURCE.md']));
    expect(paths.filter((path) => /\.map$|tsbuildinfo|\.ts$|^test|search-eval|\.env/.test(path))).toEqual([]);
  });

  test('answers the first question of a client that starts it by npx, without any setting', async () => {
    const home = join(folder, 'home');
    const client = new Client({ name: 'test', version: '1' });
    const transport = { command: 'npx', args: ['--no-install', 'zava-mcp-server'], cwd: home, stderr: 'ignore' as const };
    await client.connect(new StdioClientTransport({ ...transport, env: cleanEnvironment({}) }), { timeout: 150_000 });
    const answer = await ask(client, revenueByStore);
    expect(answer.structuredContent?.row_count).toBe(8);
    await client.close();
    expect(existsSync(join(home, '.zava'))).toBe(true);
    await expect.poll(() => existsSync(join(home, '.zava/lock')), { timeout: 30_000 }).toBe(false);
  }, 180_000);
});
