import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { commandsIn } from '../../tools/docs/documents.mjs';
import { cleanEnvironment, copyOfPreparedDataDir, mainFile, removeFolder, type Served, serveHttp } from './product.ts';

/** Of the MCP registry's own inspector; it needs a newer Node than the product does, and the npm registry. */
const packages = ['-y', '-p', 'node@24', '-p', '@modelcontextprotocol/inspector@2.12.0'];
const patience = 180_000;

let DATA_DIR = '';
let served: Served;

interface Inspected {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Inspected> {
  const child = spawn(command, args, { env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...output })));
}

/** npx takes seconds to say where they are: it is asked once. */
let installed: string[] = [];
const inspect = (args: readonly string[]) => {
  const [node = '', inspector = ''] = installed;
  return run(node, [inspector, '--cli', ...args], { PATH: `${dirname(node)}:${process.env.PATH}` });
};

beforeAll(async () => {
  const where = await run('npx', [...packages, '-c', 'command -v node && realpath "$(command -v mcp-inspector)"']);
  expect(where).toMatchObject({ code: 0 });
  installed = where.stdout.trim().split('\n');
  DATA_DIR = await copyOfPreparedDataDir();
  served = await serveHttp({ DATA_DIR });
}, patience);

afterAll(async () => {
  await served.stop();
  await removeFolder(DATA_DIR);
});

const listTools = ['--method', 'tools/list', '--strict'];
const countStores = 'postgresql_query=SELECT count(DISTINCT store_id) AS stores FROM orders';
const callTool = ['--method', 'tools/call', '--tool-name', 'execute_sales_query', '--tool-arg', countStores];

describe('the MCP Inspector', () => {
  const ways: [string, () => string[], number][] = [
    [
      'over HTTP in the modern era',
      () => [served.url, '--transport', 'http', '--protocol-era', 'modern', '--header', bearer('store')],
      1,
    ],
    [
      'over HTTP in the legacy era',
      () => [served.url, '--transport', 'http', '--protocol-era', 'legacy', '--header', bearer('region')],
      4,
    ],
    ['over stdio', () => [process.execPath, mainFile, '-e', `DATA_DIR=${DATA_DIR}`], 8],
  ];
  const bearer = (caller: keyof Served['callers']) => `Authorization: Bearer ${served.callers[caller].token}`;

  test.each(ways)(
    '%s finds nothing to object to in the tools, and calls one',
    async (_way, target, stores) => {
      const list = await inspect([...target(), ...listTools]);
      expect(list).toMatchObject({ code: 0 });
      const { tools } = JSON.parse(list.stdout) as { tools: { name: string; outputSchema?: object }[] };
      expect(tools.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'get_sales_metrics',
          'execute_sales_query',
          'get_current_utc_date',
          'get_multiple_table_schemas',
          'semantic_search_products',
        ]),
      );
      expect(tools.every(({ outputSchema }) => outputSchema !== undefined)).toBe(true);
      const call = await inspect([...target(), ...callTool]);
      expect(call).toMatchObject({ code: 0 });
      expect(JSON.parse(call.stdout)).toMatchObject({ structuredContent: { rows: [[stores]] } });
    },
    patience,
  );

  test(
    'answers the first question just as README.md types it',
    async () => {
      const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
      const typed = (commandsIn(readme) as string[]).find((command) => command.includes('mcp-inspector')) ?? '';
      const here = typed.replace('http://127.0.0.1:8000/mcp', served.url);
      const { code, stdout } = await run('bash', ['-c', here], { TOKEN: served.callers.store.token });
      expect({ code, answer: JSON.parse(stdout) }).toMatchObject({
        code: 0,
        answer: { structuredContent: { rows: [['Zava Retail Seattle', expect.any(Number), expect.any(Number)]] } },
      });
    },
    patience,
  );
});
