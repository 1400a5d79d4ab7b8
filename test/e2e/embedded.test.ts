import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/postgres/embedded-database.ts';
import { legacyClient } from '../support/mcp-clients.ts';
import { askAll, expectTheOwnersFigures } from './first-questions.ts';
import { type Installation, keepsToTheWire, tellsEachCallerTheirOwn } from './journeys.ts';
import { copyOfPreparedDataDir, newFolder, removeFolder, runProduct, type Served, serveHttp } from './product.ts';

let dataDir = '';
let aside = '';
let served: Served;
let database: EmbeddedDatabase;

beforeAll(async () => {
  dataDir = await copyOfPreparedDataDir();
  aside = await newFolder();
  await cp(join(dataDir, 'postgres'), aside, { recursive: true });
  [served, database] = await Promise.all([
    serveHttp({ DATA_DIR: dataDir, EMBEDDER: 'local' }),
    openEmbeddedDatabase({ dataDir: aside, useScopeFunction: 'none', serverRole: 'none', readerRole: () => 'none' }),
  ]);
}, 180_000);

afterAll(async () => {
  const ended = await served.stop('SIGTERM');
  await database.close();
  await Promise.all([dataDir, aside].map(removeFolder));
  expect(ended).toEqual({ code: 0, signal: null });
});

const installation = (): Installation => ({ served, truth: (sql) => database.session(null).query(sql) });

describe('the server on its embedded database, over HTTP', () => {
  tellsEachCallerTheirOwn(installation);
  keepsToTheWire(installation);

  test('gives each caller of VS Code’s configuration the owner’s figures, by the token that it asks for', async () => {
    const { inputs, servers } = JSON.parse(await readFile(new URL('../../.vscode/mcp.json', import.meta.url), 'utf8')) as {
      inputs: { id: string; description: string; password: boolean }[];
      servers: Record<string, { type: string; url: string; headers: Record<string, string> }>;
    };
    const every = (await installation().truth('SELECT store_name FROM retail.stores')).map((row) => row.store_name ?? '');
    expect(Object.keys(servers)).toHaveLength(4);
    for (const { type, url, headers } of Object.values(servers)) {
      const input = inputs.find(({ id }) => headers.Authorization === `Bearer \${input:${id}}`);
      expect({ type, url, hidden: input?.password }).toEqual({ type: 'http', url: 'http://127.0.0.1:8000/mcp', hidden: true });
      const [, role = '', store] = /: (\w+)(?: of (.+))?$/.exec(input?.description ?? '') ?? [];
      const flags = store === undefined ? [] : ['--store', store];
      const { stdout: token } = await runProduct(['token', '--role', role, ...flags], { DATA_DIR: dataDir });
      const client = await legacyClient(served.url, token.trim());
      const answers = await askAll((call) => client.callTool({ ...call }));
      await client.close();
      await expectTheOwnersFigures(answers, installation().truth, store === undefined ? every : [store]);
    }
  }, 60_000);

  test('met no fault of its own in all this, and wrote nothing to stdout', () => {
    expect(served.stdout()).toBe('');
    const faults = served
      .stderr()
      .split('\n')
      .filter((line) => line.includes('"event":"fault_met"'));
    expect(faults.filter((line) => !line.includes('"error":{"name":"AppError"'))).toEqual([]);
  });
});
