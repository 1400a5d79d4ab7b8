/**
 * Runs the public MCP conformance suite and writes docs/reference/conformance.md.
 *
 *   node tools/conformance.mjs                        the fixture build: the whole set of each revision
 *   node tools/conformance.mjs --url URL --token T    also the running server at URL: what needs no fixture
 *
 * The suite sends no token, so a small relay on loopback adds one and changes nothing else.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const suite = '@modelcontextprotocol/conformance@0.2.0-alpha.12';
const revisions = ['2026-07-28', '2025-11-25'];
const root = fileURLToPath(new URL('..', import.meta.url));
const report = join(root, 'docs/reference/conformance.md');

/** Scenarios that ask for nothing but what every server has. */
const withoutFixture = {
  '2026-07-28': [
    'server-stateless',
    'tools-list',
    'resources-list',
    'prompts-list',
    'completion-complete',
    'caching',
    'dns-rebinding-protection',
    'sep-2164-resource-not-found',
    'http-header-validation',
  ],
  '2025-11-25': [
    'server-initialize',
    'ping',
    'tools-list',
    'resources-list',
    'prompts-list',
    'completion-complete',
    'dns-rebinding-protection',
  ],
};

/** Failures that are decisions, by the start of the scenario's name, with the reason that the report gives. */
const decisions = [
  [
    'tools-call-sampling',
    'asks the client in mid-call, which the older revisions can do only within a session; this server has none',
  ],
  ['tools-call-elicitation', 'the same'],
  ['elicitation-', 'the same'],
  ['server-sse-', 'wants a session before it checks anything'],
  ['tasks-mrtr-', 'no tool asks its caller anything, so no task waits for input'],
  ['tasks-required-task-error', 'no tool insists on being a task: a client without the extension waits for its answer'],
];
const isDecision = (scenario) => decisions.some(([start]) => scenario.startsWith(start));

const run = promisify(execFile);

async function buildFixture() {
  const out = join(root, 'node_modules/.cache/zava-mcp-server/conformance');
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const compilerOptions = {
    noEmit: false,
    allowImportingTsExtensions: false,
    rewriteRelativeImportExtensions: true,
    rootDir: root,
    outDir: out,
  };
  const files = [join(root, 'test/support/conformance-fixture-main.ts')];
  await writeFile(
    join(out, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [] }),
  );
  await writeFile(join(out, 'package.json'), '{"type":"module"}');
  await run('npx', ['tsc', '-p', join(out, 'tsconfig.json')], { cwd: root });
  return join(out, 'test/support/conformance-fixture-main.js');
}

async function startFixture() {
  const child = spawn(process.execPath, [await buildFixture()], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [url] = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve([line]));
    child.once('exit', (code) => reject(new Error(`the fixture ended with ${code}`)));
  });
  return { url: `${url}/mcp`, stop: () => child.stdin.end() };
}

/** Adds the bearer token; Host and Origin pass as they came, since the suite tests them. */
async function startRelay(target, token) {
  const { hostname, port, pathname } = new URL(target);
  const relay = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const path = incoming.url === '/mcp' ? pathname : incoming.url;
    const forwarded = request({ hostname, port, path, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${relay.address().port}/mcp`, stop: () => relay.close().closeAllConnections() };
}

/** @returns {Promise<string>} what the suite printed; it exits with 1 when a scenario fails, and that is a result */
async function runSuite(parameters) {
  const command = ['-y', '-p', 'node@24', '-p', suite, 'conformance', 'server', ...parameters];
  const { stdout } = await run('npx', command, { maxBuffer: 64 * 1024 * 1024 }).catch((error) => error);
  return String(stdout ?? '');
}

async function checksOf(directory) {
  const scenarios = new Map();
  for (const entry of (await readdir(directory, { recursive: true })).sort()) {
    if (!entry.endsWith('checks.json')) continue;
    const folder = entry.split('/').at(-2) ?? entry;
    const scenario = folder.replace(/^server-(?=.*-\d{4}-\d\d-\d\dT)/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
    scenarios.set(scenario, JSON.parse(await readFile(join(directory, entry), 'utf8')));
  }
  return scenarios;
}

async function runRevision(url, revision, scenarios) {
  const out = await mkdtemp(join(tmpdir(), 'conformance-'));
  if (scenarios === undefined) await runSuite(['--url', url, '--requirements', revision, '-o', out]);
  else {
    for (const scenario of scenarios) {
      await runSuite(['--url', url, '--scenario', scenario, '--spec-version', revision, '-o', out]);
    }
  }
  const results = await checksOf(out);
  await rm(out, { recursive: true });
  return results;
}

const statuses = ['SUCCESS', 'FAILURE', 'WARNING', 'NEEDS_FIXTURE', 'SKIPPED', 'INFO'];

/** These call a tool of the fixture that changes the list of tools; the real server answers that it has none. */
const callsHook = new Set(['sep-2575-server-sends-tools-list-changed-on-subscription']);

/** The suite fails a check that it could not make. On the real server that is the missing fixture, not a fault. */
const statusOf = (check, onRealServer) =>
  onRealServer && (check.details?.untestable === true || callsHook.has(check.id)) ? 'NEEDS_FIXTURE' : check.status;

function verdict(counts, scenario) {
  if (counts.FAILURE > 0 || counts.WARNING > 0) return isDecision(scenario) ? 'by decision' : 'fails';
  return counts.SUCCESS === 0 ? 'empty: no check passed, so this proves nothing' : 'passes';
}

function table(results, onRealServer) {
  const rows = [];
  const totals = Object.fromEntries(statuses.map((status) => [status, 0]));
  let failed = 0;
  for (const [scenario, checks] of results) {
    const seen = checks.map((check) => statusOf(check, onRealServer));
    const counts = Object.fromEntries(statuses.map((status) => [status, seen.filter((one) => one === status).length]));
    for (const status of statuses) totals[status] += counts[status];
    const outcome = verdict(counts, scenario);
    if (outcome === 'fails') failed += 1;
    rows.push(`| ${scenario} | ${statuses.map((status) => counts[status]).join(' | ')} | ${outcome} |`);
  }
  rows.push(`| **all ${results.size}** | ${statuses.map((status) => totals[status]).join(' | ')} | |`);
  const head = [
    '| scenario | passed | failed | warnings | need fixture | skipped | notes | result |',
    '|---|---|---|---|---|---|---|---|',
  ];
  return { lines: [...head, ...rows], failed, faults: faultsOf(results, onRealServer) };
}

function faultsOf(results, onRealServer) {
  return [...results].flatMap(([scenario, checks]) =>
    checks
      .filter((check) => !isDecision(scenario) && ['FAILURE', 'WARNING'].includes(statusOf(check, onRealServer)))
      .map((check) => `- ${scenario}, \`${check.id}\`: ${check.errorMessage ?? check.details?.message ?? check.description}`),
  );
}

async function measure(title, url, subset) {
  const sections = [];
  let failed = 0;
  for (const revision of revisions) {
    const { lines, failed: here, faults } = table(await runRevision(url, revision, subset?.[revision]), subset !== undefined);
    failed += here;
    sections.push('', `## ${title}, revision ${revision}`, '', ...lines, ...(faults.length === 0 ? [] : ['', ...faults]));
  }
  return { sections, failed };
}

const { values } = parseArgs({ options: { url: { type: 'string' }, token: { type: 'string' } } });
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const sdk = JSON.parse(await readFile(join(root, 'node_modules/@modelcontextprotocol/server/package.json'), 'utf8'));

const fixture = await startFixture();
const fixtureRelay = await startRelay(fixture.url, 'fixture');
const measured = [await measure('Fixture build', fixtureRelay.url)];
fixtureRelay.stop();
fixture.stop();
if (values.url !== undefined) {
  const relay = await startRelay(values.url, values.token ?? '');
  measured.push(await measure('Real server', relay.url, withoutFixture));
  relay.stop();
}

await mkdir(join(root, 'docs/reference'), { recursive: true });
await writeFile(
  report,
  [
    '# Conformance',
    '',
    `Written by \`node tools/conformance.mjs\` on ${new Date().toISOString().slice(0, 10)}, not by hand: \`${suite}\` on Node 24 against`,
    `zava-mcp-server ${version} with \`@modelcontextprotocol/server\` ${sdk.version} on Node ${process.versions.node}.`,
    '',
    'The fixture build is the same HTTP and MCP stack with the tools that the suite asks for in place of ours; the real server runs the',
    'scenarios that need none. A scenario counts as passed when at least one check passed and none failed: one without checks proves nothing.',
    '',
    'Failures that are decisions:',
    '',
    ...decisions.map(([start, reason]) => `- ${start}${start.endsWith('-') ? '*' : ''}: ${reason}.`),
    ...measured.flatMap(({ sections }) => sections),
    '',
  ].join('\n'),
);
const failed = measured.reduce((sum, part) => sum + part.failed, 0);
process.stdout.write(`${failed === 0 ? 'no unexpected failure' : `${failed} scenarios fail`}: ${report}\n`);
process.exitCode = failed === 0 ? 0 : 1;
