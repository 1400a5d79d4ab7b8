import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveHttp } from '../e2e/product.ts';
import { postLegacy } from '../support/raw-mcp.ts';
import { runVerb } from './command-line.ts';
import { anyInstallation, embeddedInstallation, type Installation } from './installation.ts';

let own: Installation;
const file = (name: string) => join(own.env.DATA_DIR, name);
const audit = (...args: string[]) => runVerb(['audit', ...args], own.env);
const lines = async (name: string) => (await readFile(file(name), 'utf8')).trimEnd().split('\n');

/** A server that is asked something and then killed or stopped. */
async function serveAndAsk(signal: 'SIGKILL' | 'SIGTERM', statement: string, { env } = own): Promise<void> {
  const server = await serveHttp(env);
  const params = { name: 'execute_sales_query', arguments: { postgresql_query: statement } };
  expect((await postLegacy(server.url, 'tools/call', params, { token: server.callers.store.token })).status).toBe(200);
  expect((await postLegacy(server.url, 'tools/call', params, { token: 'bad' })).status).toBe(401);
  // Longer than events wait for company.
  if (signal === 'SIGKILL') await new Promise((resolve) => setTimeout(resolve, 600));
  await server.stop(signal);
}

beforeAll(async () => {
  own = await anyInstallation('zavaaudit');
  await serveAndAsk('SIGKILL', "SELECT count(*) FROM customers WHERE last_name = 'Nightingale'");
  await serveAndAsk('SIGTERM', 'SELECT count(*) FROM orders');
}, 120_000);
afterAll(() => own.remove());

test('verify finds the trail whole, also after a server was killed', async () => {
  const { code, stdout, stderr } = await audit('verify', '--json');
  expect([code, stderr]).toEqual([0, expect.stringContaining('The trail is whole.')]);
  expect(JSON.parse(stdout)).toMatchObject({ checkpoints: 1 });
}, 60_000);

test('export writes every call and every refusal, and nothing of what was asked', async () => {
  const { code, stderr } = await audit('export', '--out', file('first.jsonl'));
  expect([code, stderr]).toEqual([0, expect.stringContaining(`audit verify ${file('first.jsonl')}`)]);
  const records = (await lines('first.jsonl')).slice(1, -1).map((line) => JSON.parse(line));
  const of = (action: string) => records.filter((record) => record.action === action);
  expect(of('tool_call')).toMatchObject([
    { tool: 'execute_sales_query', outcome: 'answered', store_ids: [1], row_count: 1 },
    { tool: 'execute_sales_query', outcome: 'answered', store_ids: [1], row_count: 1 },
  ]);
  expect(of('authentication')).toHaveLength(2);
  expect(await readFile(file('first.jsonl'), 'utf8')).not.toContain('Nightingale');
  expect((await audit('export', '--out', file('first.jsonl'))).stderr).toContain('EEXIST');
}, 60_000);

test('an export is verified offline, with the server’s keys or with the public ones', async () => {
  expect(await audit('verify', file('first.jsonl'))).toMatchObject({ code: 0 });
  const { stdout: keys } = await audit('keys');
  expect(keys).toContain('-----BEGIN PUBLIC KEY-----');
  await writeFile(file('keys.json'), keys);
  const elsewhere = { DATA_DIR: file('of-an-auditor') };
  const verify = (...args: string[]) => runVerb(['audit', 'verify', ...args], elsewhere);
  expect(await verify(file('first.jsonl'), '--keys', file('keys.json'))).toMatchObject({ code: 0 });
  expect((await verify(file('first.jsonl'))).stderr).toContain('FAULT forged_checkpoint');
  expect((await verify(file('first.jsonl'), '--keys', file('first.jsonl'))).stderr).toContain('does not hold public keys');
  expect((await verify(file('none.jsonl'))).stderr).toContain('cannot be read (ENOENT)');
});

test('the next export continues the one before', async () => {
  await serveAndAsk('SIGTERM', 'SELECT 1');
  expect(await audit('export', '--out', file('second.jsonl'), '--after', file('first.jsonl'))).toMatchObject({ code: 0 });
  expect(await lines('second.jsonl')).toHaveLength(2 + 2);
  expect(await audit('verify', file('second.jsonl'), '--after', file('first.jsonl'))).toMatchObject({ code: 0 });
  expect(await audit('verify', '--after', file('first.jsonl'))).toMatchObject({ code: 0 });
  expect((await audit('verify', file('first.jsonl'), '--after', file('second.jsonl'))).code).toBe(1);
  const all = await audit('export');
  expect(all.stdout.trimEnd().split('\n').length).toBeGreaterThan(6);
  const none = await audit('export', '--until', '2001-01-01');
  expect(JSON.parse(none.stdout.trimEnd().split('\n')[1] ?? '')).toMatchObject({ seal: { events: 0, complete: false } });
  expect((await audit('export', '--until', 'yesterday')).stderr).toContain('--until yesterday is not a time');
}, 120_000);

test.each([
  ['cut', (all: string[]) => all.slice(0, -1), 'truncated'],
  ['changed', (all: string[]) => all.map((line) => line.replace('"answered"', '"refused"')), 'altered'],
  ['shortened in the middle', (all: string[]) => all.toSpliced(2, 1), 'removed'],
  ['shuffled', (all: string[]) => [all[0] ?? '', all[2] ?? '', all[1] ?? '', ...all.slice(3)], 'reordered'],
])('an export that was %s is found out', async (_what, tamper, fault) => {
  await writeFile(file('tampered.jsonl'), `${tamper(await lines('first.jsonl')).join('\n')}\n`);
  const { code, stderr } = await audit('verify', file('tampered.jsonl'));
  expect([code, stderr]).toEqual([1, expect.stringContaining(`FAULT ${fault}`)]);
  const next = await audit('export', '--after', file('tampered.jsonl'));
  expect([next.code, next.stderr]).toEqual([2, expect.stringContaining('is not whole')]);
});

test('a record that a superuser altered is named, and one that he cut off is missed', async () => {
  // Whom no trigger stops.
  const tamper = (script: string) =>
    own.asAdministrator((session) =>
      session.script(`SET session_replication_role = replica; ${script}; RESET session_replication_role`),
    );
  await tamper("UPDATE audit.events SET subject = 'somebody else' WHERE event_id = (SELECT max(event_id) - 1 FROM audit.events)");
  const altered = await audit('verify');
  expect([altered.code, altered.stderr]).toEqual([1, expect.stringMatching(/FAULT altered: Record \d+ was altered/)]);
  await tamper('DELETE FROM audit.events WHERE event_id >= (SELECT max(event_id) - 1 FROM audit.events)');
  const cut = await audit('verify');
  expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining('FAULT truncated')]);
}, 60_000);

test('of the embedded database, a server that was killed leaves a whole trail, too', async () => {
  const embedded = await embeddedInstallation();
  await serveAndAsk('SIGKILL', 'SELECT count(*) FROM orders', embedded);
  const { code, stderr } = await runVerb(['audit', 'verify'], embedded.env);
  expect([code, stderr]).toEqual([0, expect.stringContaining('The trail is whole.')]);
  const { stdout } = await runVerb(['audit', 'export'], embedded.env);
  expect(stdout).toContain('"tool":"execute_sales_query"');
  expect(stdout).toContain('"action":"authentication"');
  await embedded.remove();
}, 60_000);
