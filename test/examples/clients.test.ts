import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { runAgent } from '../../examples/clients/agent-with-approval.mjs';
import { createProgram } from '../../src/cli/program.ts';
import { embeddedTier, type TestDatabase } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { testIssuer } from '../support/people.ts';

const place = (name: string) => fileURLToPath(new URL(`../../examples/clients/${name}`, import.meta.url));
const json = async (name: string) => JSON.parse(await readFile(place(name), 'utf8'));

describe('examples of clients', () => {
  let db: TestDatabase;
  let product: ProductStack;
  let token: string;
  beforeAll(async () => {
    db = await embeddedTier.open();
    const issuer = await testIssuer();
    token = await issuer.tokenOf('seattle');
    product = await productStack({ db, trusted: issuer.trusted });
  });
  afterAll(async () => {
    await product?.close();
    await db?.close();
  });

  test('the TypeScript client lists the tools and prints revenue of its own store', async () => {
    const env = { ...process.env, MCP_URL: product.mcpUrl, MCP_TOKEN: token };
    const { stdout } = await promisify(execFile)('node', [place('typescript-client.mjs')], { env });
    expect(stdout).toContain('execute_sales_query');
    expect(stdout.trim().split('\n').at(-1)).toMatch(/Seattle.*\t[\d.]+/);
  });

  const sql = { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT DISTINCT store_id FROM orders' } };
  type Conversation = { role: string; text?: string }[];
  const lastWords = (conversation: object[]) => (conversation as Conversation).at(-1)?.text ?? '';
  /** A model that asks once and then says what it heard. */
  const model = async (conversation: object[]) =>
    conversation.length === 1 ? { call: sql } : { answer: lastWords(conversation) };
  const ask = (approve: () => Promise<boolean>, how = model) =>
    runAgent({ url: product.mcpUrl, token, question: 'Which stores?', model: how, approve });

  test('the agent runs SQL after a yes', async () => {
    expect(await ask(async () => true)).toContain('"r":[[1]]');
  });

  test('the agent does not run SQL after a no, and the model is told', async () => {
    const before = product.observations.length;
    expect(await ask(async () => false)).toContain('declined');
    expect(product.observations.slice(before).filter(({ kind }) => kind === 'tool_called')).toEqual([]);
  });

  test('the agent asks for each statement anew, and comes to an end', async () => {
    let asked = 0;
    const insatiable = async () => ({ call: sql });
    const answer = await ask(async () => {
      asked += 1;
      return true;
    }, insatiable);
    expect(answer).toContain('ten steps');
    expect(asked).toBe(10);
  });

  test('the configuration for VS Code asks for a token and holds none', async () => {
    const { inputs, servers } = await json('vscode-mcp.json');
    expect(inputs).toEqual([expect.objectContaining({ id: 'zava-token', password: true })]);
    expect(servers['zava-sales']).toMatchObject({
      type: 'http',
      headers: { Authorization: expect.stringMatching(/^Bearer \$\{input:zava-token\}$/) },
    });
  });

  test('the configuration for Claude Desktop starts a verb that exists, with options that it has', async () => {
    const [, verb, ...args] = (await json('claude-desktop.json')).mcpServers['zava-sales'].args as string[];
    const command = createProgram(() => {}).commands.find((one) => one.name() === verb);
    for (const option of args.filter((one) => one.startsWith('--'))) {
      expect(command?.options.map(({ long }) => long)).toContain(option);
    }
  });
});
