#!/usr/bin/env node
// Is this server up, and does it answer a tool call? The token comes from SMOKE_TOKEN, never from the command line.
// Usage: SMOKE_TOKEN=… node tools/smoke.mjs https://mcp.example.com [seconds to wait for it to be ready]
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const requestMs = 10_000;

/** Throws with the reason where the server at `url` is not ready within the time, or does not answer a tool call. */
export async function smoke({ url, token, waitMs = 60_000, pauseMs = 1000 }) {
  await untilReady(new URL('/health/ready', url), performance.now() + waitMs, pauseMs);
  const answer = await fetch(new URL('/mcp', url), {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
      Authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'get_current_utc_date', arguments: {} },
    }),
    signal: AbortSignal.timeout(requestMs),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the tool call was answered ${answer.status}: ${text.slice(0, 300)}`);
  const utc = readMessage(text).result?.structuredContent?.utc;
  if (typeof utc !== 'string') throw new Error(`the tool call gave no result: ${text.slice(0, 300)}`);
  return utc;
}

async function untilReady(url, deadline, pauseMs) {
  let last = 'it was never asked';
  do {
    last = await fetch(url, { signal: AbortSignal.timeout(requestMs) }).then(
      async (answer) => (answer.ok ? undefined : `${answer.status} ${(await answer.text()).slice(0, 200)}`),
      (error) => `${error.message}${error.cause ? ` (${error.cause.message})` : ''}`,
    );
    if (last === undefined) return;
    await delay(pauseMs);
  } while (performance.now() < deadline);
  throw new Error(`${url} is not ready: ${last}`);
}

/** The answer is JSON, or a stream of one event. */
function readMessage(text) {
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(data);
  } catch {
    return {};
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url, seconds = '60'] = process.argv.slice(2);
  const token = process.env.SMOKE_TOKEN;
  if (!URL.canParse(url ?? '') || !/^\d+$/.test(seconds) || !token) {
    console.error('Usage: SMOKE_TOKEN=<token> node tools/smoke.mjs <url> [seconds]');
    process.exit(2);
  }
  try {
    console.log(`ready, and a tool answered: ${await smoke({ url, token, waitMs: Number(seconds) * 1000 })}`);
  } catch (error) {
    console.error(`smoke test failed: ${error.message}`);
    process.exit(1);
  }
}
