import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlugins } from '../../src/app/load-plugins.ts';
import { loadServedSchema } from '../../src/app/load-schema.ts';
import { openEmbeddedDatabase } from '../../src/postgres/embedded-database.ts';
// @ts-expect-error plain JavaScript, without types
import { linksIn } from '../../tools/docs/documents.mjs';
import { askAll, expectTheOwnersFigures, firstQuestions, readmeLine } from './first-questions.ts';
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
    expect(packed.size).toBeLessThan(1_750_000);
    expect(paths).toEqual(
      expect.arrayContaining(['dist/main.js', 'dist/apps/dashboard.html', 'migrations/0001_retail_schema.sql']),
    );
    expect(paths).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'THIRD_PARTY_NOTICES.md', 'data/SOURCE.md']));
    expect(paths.filter((path) => /\.map$|^(?!examples).*\.ts$|^test|search-eval|\.env/.test(path))).toEqual([]);
  });

  test('brings the pages and examples along that README.md leads to', async () => {
    const paths = packed.files.map(({ path }) => path);
    const links = linksIn(await readFile(join(folder, 'home/node_modules/zava-mcp-server/README.md'), 'utf8')) as string[];
    const told = links.map((link) => link.split('#')[0] ?? '').filter((link) => /^(docs|examples)\/.*[^/]$/.test(link));
    expect(told.length).toBeGreaterThan(30);
    const missing = told.filter((link) => !paths.some((path) => path === link || path.startsWith(`${link}/`)));
    expect(missing).toEqual(['docs/images/dashboard.png']);
  });

  /** As .mcp.json has a client start it, without any setting. */
  async function askEverything(...flags: string[]) {
    const { command, args } = JSON.parse(await readFile(join(root, '.mcp.json'), 'utf8')).mcpServers.zava;
    const client = new Client({ name: 'test', version: '1' });
    const start = { command, args: [...args, ...flags], cwd: join(folder, 'home'), stderr: 'ignore' as const };
    await client.connect(new StdioClientTransport({ ...start, env: cleanEnvironment({}) }), { timeout: 150_000 });
    const answers = await askAll((call) => client.callTool({ ...call }));
    await client.close();
    await expect.poll(() => existsSync(join(folder, 'home/.zava/lock')), { timeout: 30_000 }).toBe(false);
    return answers;
  }

  test('answers the questions of README.md as it prints them, with the figures of the owner’s SQL', async () => {
    const headOffice = await askEverything();
    const seattle = await askEverything('--role', 'store_manager', '--store', 'Seattle');
    const everything = { useScopeFunction: 'none', serverRole: 'none', readerRole: () => 'none' };
    const database = await openEmbeddedDatabase({ dataDir: join(folder, 'home/.zava/postgres'), ...everything });
    const truth = (sql: string) => database.session(null).query(sql);
    const stores = (await truth('SELECT store_name FROM retail.stores')).map((row) => row.store_name ?? '');
    expect(stores).toHaveLength(8);
    await expectTheOwnersFigures(headOffice, truth, stores);
    await expectTheOwnersFigures(seattle, truth, ['Zava Retail Seattle']);
    await database.close();
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    for (const question of firstQuestions) {
      expect(readme).toContain(readmeLine(question, [headOffice.get(question), seattle.get(question)]));
    }
  }, 180_000);

  test('has examples of a schema and of a plug-in that are taken from where they lie', async () => {
    const example = (name: string) => join(folder, 'home/node_modules/zava-mcp-server/examples', name);
    const { definition } = await loadServedSchema({ schemaDir: example('second-schema') });
    expect(definition.relations.map(({ name }) => name)).toContain('branches');
    expect(await loadPlugins(example('custom-tool'))).toHaveLength(1);
  });
});
