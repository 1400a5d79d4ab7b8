import { readFile } from 'node:fs/promises';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { answerBytes } from '../../src/app/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { rowsAnswer } from '../../src/mcp/tool-result.ts';
import { renderRows } from '../../src/query/render-rows.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { rowsOf } from '../query/wide-values.ts';
import { awkwardResult, type HttpStack, httpStack, mcpStack, principal } from '../support/mcp-stack.ts';
import { answerOf, postModern } from '../support/raw-mcp.ts';

/** What a popular host refuses to show to its model. */
const hostLimit = 25_000;
const { resultMaxTokens, queryMaxRows } = loadConfig({}, {});
const maxBytes = answerBytes(resultMaxTokens);

async function toolList(token: string): Promise<unknown[]> {
  const stack: HttpStack = await httpStack();
  stack.people.everything = principal([...retailDefinition.permissions]);
  const { result } = await answerOf(await postModern(stack.mcpUrl, 'tools/list', {}, { token }));
  await stack.close();
  return result.tools;
}

test.each(['manager', 'everything'])('the tool list of %s costs a model at most 2,000 tokens (o200k_base)', async (token) => {
  const tools = await toolList(token);
  expect(tools.length).toBeGreaterThanOrEqual(4);
  const taken = countTokens(JSON.stringify({ tools }));
  expect(taken).toBeLessThanOrEqual(2000);
  // Whoever adds a tool reads there how much room is left.
  const page = await readFile(new URL('../../docs/how-to/add-a-tool.md', import.meta.url), 'utf8');
  if (token === 'everything') expect(page).toContain(`${taken.toLocaleString('en')} of them are taken`);
});

/**
 * Tokens at the most: a text in pieces has as many as the whole, or some more. The counter takes a word's length squared, and some
 * of these are one word.
 */
function mostTokens(text: string): number {
  const pieces = Array.from({ length: Math.ceil(text.length / 500) }, (_, index) => text.slice(500 * index, 500 * (index + 1)));
  return pieces.reduce((sum, piece) => sum + countTokens(piece), 0);
}

describe(`under default settings no answer takes more than ${hostLimit} tokens`, () => {
  const answer = (columns: number, row: (index: number) => (string | number | null)[], name = (index: number) => `c${index}`) => {
    const rows = Array.from({ length: queryMaxRows }, (_, index) =>
      row(index).map((value) => (value === null ? null : String(value))),
    );
    const result = {
      verifiedTenantIds: [1],
      columns: Array.from({ length: columns }, (_, index) => ({ name: name(index), typeOid: 0, tableOid: 0, columnNumber: 0 })),
      rows,
      truncated: false,
    };
    const { rowsJson, rowCount, truncated, columns: named } = renderRows(result, new Map(), maxBytes);
    return { ...rowsAnswer({ columns: named, rowsJson, rowCount, truncated, message: 'x'.repeat(100), details: {} }), rowCount };
  };

  test.each(Object.entries(rowsOf))('with the widest rows of %s', (_what, row) => {
    const wide = (index: number) => Array.from({ length: 20 }, () => row(index)).flat();
    const { text } = answer(wide(0).length, wide);
    expect(mostTokens(text)).toBeLessThanOrEqual(hostLimit);
  });

  test('with as many columns as PostgreSQL has, and long names', () => {
    const row = () => Array.from({ length: 1600 }, (_, index) => index % 10);
    const { text } = answer(1600, row);
    expect(countTokens(text)).toBeLessThanOrEqual(hostLimit);
    const named = answer(
      200,
      () => Array.from({ length: 200 }, () => 1),
      (index) => `${index}`.repeat(60).slice(0, 63),
    );
    expect(countTokens(named.text)).toBeLessThanOrEqual(hostLimit);
  });

  test('and an answer in prose still has its full length', () => {
    const { text } = answer(1, () => [
      'Outdoor deck stain with UV protection that allows wood grain to show through natural finish.',
    ]);
    expect(Buffer.byteLength(text)).toBeGreaterThan(0.9 * maxBytes);
  });

  test('with every table described at once', async () => {
    const stack = mcpStack({ runQuery: async () => awkwardResult });
    const reply = await stack.serving.http().handle({
      principal: principal([...retailDefinition.permissions]),
      requestId: 'r',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'get_multiple_table_schemas',
          arguments: { table_names: retailDefinition.relations.map(({ name }) => name) },
        },
      },
      signal: new AbortController().signal,
    });
    const { result } = JSON.parse(reply.body as string);
    expect(countTokens(result.content[0].text)).toBeLessThanOrEqual(hostLimit);
    expect(countTokens(result.content[0].text)).toBeGreaterThan(500);
  });
});
