#!/usr/bin/env node
// This server over time and under trouble: docs/performance.md.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { withClient } from './installation.mjs';
import { startDatabaseLine } from './load/database-line.mjs';
import { mixedCalls } from './load/mixed-calls.mjs';
import { drive, slopeOf } from './load/paced.mjs';
import { memoryOf } from './load/processes.mjs';
import { createRequest } from './load/protocol.mjs';
import { connectionsTo, scaledInstallation, startScaled, storeScopes } from './load/scaled-installation.mjs';
import { soakFaults } from './load/soak-verdict.mjs';
import { describeMachine } from './machine.mjs';
import { BenchError, benchCache, checkout, progress } from './places.mjs';
import { table } from './report.mjs';
import { runMain } from './session.mjs';

const USAGE = `Options:
  --minutes N     length of the soak (default 30)
  --brownout      the database is away under load instead
  --away N        for so many seconds (default 30)
  --fairness      one tenant asks fifty times as much as another instead
  --scale N       customers in the database (default 5000)
  --main FILE     another build than dist/main.js
  --name NAME     end of the report's file name
`;
const laneCount = 16;
const shareOfCapacity = 0.7;
const deadlineSeconds = 5;

function parseOptions(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    args,
    options: { minutes: text, brownout: flag, away: text, fairness: flag, scale: text, main: text, name: text, help: flag },
  });
  const numbers = { minutes: 30, away: 30, scale: 5000 };
  for (const key of Object.keys(numbers)) {
    const value = Number(values[key] ?? numbers[key]);
    if (!(value > 0)) throw new BenchError(`--${key} ${values[key]} is not a number above 0\n\n${USAGE}`);
    values[key] = value;
  }
  return { ...values, main: values.main ?? join(checkout, 'dist/main.js') };
}

async function start({ main }, installation, more = {}) {
  const scopes = await storeScopes(installation.database);
  const server = await startScaled({ main, installation, scopes, ...more });
  return { ...server, lanes: server.lanes(laneCount, await mixedCalls(installation.database, scopes)) };
}

const readiness = async (origin) => (await fetch(`${origin}/health/ready`)).status;

async function soak(options, installation) {
  const { database } = installation;
  const { child, lanes } = await start(options, installation);
  const before = await connectionsTo(database);
  const seconds = options.minutes * 60;
  // V8 compiles what runs often, pools open, caches fill: capacity is what comes after that.
  await drive({ lanes, seconds: Math.min(10, seconds / 6) });
  const { callsPerSecond: capacity } = await drive({ lanes, seconds: Math.min(15, seconds / 6) });
  const perSecond = shareOfCapacity * capacity;
  progress(`capacity ${capacity.toFixed(0)} calls/s; ${options.minutes} minutes at ${perSecond.toFixed(0)}`);
  const begin = performance.now();
  const memory = [];
  const sample = async () => {
    memory.push({ x: (performance.now() - begin) / 3_600_000, y: memoryOf(child.pid).residentKib / 1024 });
    // What is kept is thrown away, and the right answers stay the same.
    await withClient({ name: database }, (admin) =>
      admin.query(
        'UPDATE retail.orders SET total_amount = total_amount WHERE order_id = (SELECT min(order_id) FROM retail.orders)',
      ),
    );
  };
  const sampling = setInterval(
    () => void sample().catch((error) => progress(error.message)),
    Math.max(2000, (seconds * 1000) / 360),
  );
  const told = await drive({ lanes, seconds, perSecond });
  clearInterval(sampling);
  const after = await connectionsTo(database);
  const ended = await child.stop();
  await sleep(500);
  const left = await connectionsTo(database);
  // A third of the time fills caches, pools and V8's heap.
  const settled = memory.slice(Math.floor(memory.length / 3));
  const facts = {
    'length, min': options.minutes,
    'capacity, calls/s': capacity,
    'calls/s held': told.callsPerSecond,
    calls: told.calls,
    'cached, %': (100 * told.cached) / told.calls,
    errors: told.errors,
    'answers of another tenant': told.foreign,
    'p50, ms': told.p50,
    'p95, ms': told.p95,
    'p99, ms': told.p99,
    'slowest, ms': told.slowestMs,
    'resident memory at the start, MiB': memory[0]?.y,
    'resident memory at the end, MiB': memory.at(-1)?.y,
    'slope of resident memory after the first third, MiB/h': slopeOf(settled),
    'the same as share of memory, %/h': (100 * slopeOf(settled)) / (settled[0]?.y ?? Number.NaN),
    'connections before': before,
    'connections at the end': after,
    'connections left by the ended server': left,
    'exit code': ended.code,
  };
  const faults = soakFaults({ load: told, memory: settled, connectionsLeft: left, exitCode: ended.code });
  return { facts, samples: told.samples, memory, faults };
}

async function brownout(options, installation) {
  const { database, env } = installation;
  const line = await startDatabaseLine({ host: env.POSTGRES_HOST, port: Number(env.POSTGRES_PORT) });
  const through = {
    POSTGRES_HOST: '127.0.0.1',
    POSTGRES_PORT: String(line.port),
    POSTGRES_COMMAND_TIMEOUT: String(deadlineSeconds),
    SERVE_STALE_SECONDS: '300',
  };
  const sections = [];
  for (const how of ['cut', 'hang']) {
    const { child, lanes, origin } = await start(options, installation, { env: through });
    const told = [];
    const run = drive({ lanes, seconds: options.away + 25, onAnswer: (answer) => told.push(answer), restMs: 20 });
    await sleep(5000);
    line.takeConnections();
    progress(`${how} for ${options.away} s`);
    const from = performance.now();
    line[how]();
    const checks = [];
    const checking = setInterval(
      () => void readiness(origin).then((status) => checks.push({ at: performance.now(), status })),
      1000,
    );
    await sleep(options.away * 1000);
    const attempts = line.takeConnections();
    line.restore();
    const back = performance.now();
    const { samples, calls, slowestMs } = await run;
    clearInterval(checking);
    const meanwhile = told.filter(({ at, ms }) => at + ms >= from && at < back);
    const codes = {};
    for (const { code, stale } of meanwhile) {
      const kind = code ?? (stale ? 'stale' : 'answered');
      codes[kind] = (codes[kind] ?? 0) + 1;
    }
    const fresh = told.find(({ at, ms, code, stale }) => at + ms >= back && code === undefined && !stale);
    const lastFault = told.findLast(({ code }) => code !== undefined);
    sections.push([
      how,
      {
        'away, s': options.away,
        calls,
        'calls meanwhile': meanwhile.length,
        'what they were answered': Object.entries(codes)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', '),
        'slowest call, ms': slowestMs,
        'owed, ms': deadlineSeconds * 1000 + 500,
        'first fresh answer after the return, ms': fresh === undefined ? null : fresh.at + fresh.ms - back,
        'last failure after the return, ms': lastFault === undefined ? null : Math.max(0, lastFault.at + lastFault.ms - back),
        'connections tried meanwhile': attempts,
        'open connections at the end': await connectionsTo(database),
        'not ready, of health checks meanwhile': `${checks.filter(({ at, status }) => at < back && status === 503).length} of ${checks.filter(({ at }) => at < back).length}`,
        'ready at the end': await readiness(origin),
        'exit code': (await child.stop()).code,
      },
      samples,
    ]);
  }
  line.stop();
  return { sections };
}

async function fairness(options, installation) {
  const { child, lanes } = await start(options, installation, { cached: false });
  const slow = (lane) => ({
    ...lane,
    calls: Array.from({ length: 50 }, (_, n) => ({
      request: createRequest('tools/call', {
        name: 'execute_sales_query',
        arguments: {
          postgresql_query: `SELECT count(*) AS n, sum(total_amount) AS sum FROM retail.order_items WHERE quantity > ${n % 3} AND discount_amount < ${1000 + n}`,
        },
      }),
    })),
  });
  const light = slow(lanes[1]);
  const heavy = Array.from({ length: 50 }, () => slow(lanes[0]));
  await drive({ lanes: [light], seconds: 3 });
  const alone = await drive({ lanes: [light], seconds: 15 });
  const beside = drive({ lanes: heavy, seconds: 22, restMs: 20 });
  await sleep(4000);
  const crowded = await drive({ lanes: [light], seconds: 15 });
  const { callsPerSecond, codes, p95 } = await beside;
  await child.stop();
  const facts = {
    'p50 alone, ms': alone.p50,
    'p95 alone, ms': alone.p95,
    'p50 beside fifty times the load, ms': crowded.p50,
    'p95 beside fifty times the load, ms': crowded.p95,
    'p95, beside / alone (owed: <= 1.5)': crowded.p95 / alone.p95,
    'errors of the light tenant': crowded.errors,
    'calls/s of the heavy tenant': callsPerSecond,
    'p95 of the heavy tenant, ms': p95,
    'refusals of the heavy tenant':
      Object.entries(codes)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ') || 'none',
  };
  return { facts, samples: crowded.samples };
}

const spoken = (value) => {
  if (typeof value !== 'number') return String(value ?? '–');
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });
};
const factTable = (facts) =>
  table(
    ['', ''],
    Object.entries(facts).map(([name, value]) => [name, spoken(value)]),
  );

async function writeReport({ name, short }, machine, outcome) {
  const date = new Date().toISOString().slice(0, 10);
  const sections = outcome.sections ?? [[undefined, outcome.facts, outcome.samples]];
  const text = [
    `# Benchmark: ${name}, ${date}`,
    `- Machine: ${machine.processor}, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}; load average at the start ${spoken(machine.loadAtStart)}; connections of others: ${machine.otherConnections}.\n- PostgreSQL ${machine.postgresql.server_version}; this server ${machine.version}, commit ${machine.commit}. Load, server and PostgreSQL share the machine. Every value of every answer is compared.`,
    ...sections.flatMap(([title, facts, samples = []]) => [
      ...(title === undefined ? [] : [`## ${title}`]),
      factTable(facts),
      ...samples.map((sample) => `- \`${sample.replaceAll('`', "'")}\``),
    ]),
  ].join('\n\n');
  const folder = short ? join(benchCache, 'results') : join(checkout, 'bench/results');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${date}-${name}`);
  await writeFile(`${path}.md`, `${text}\n`);
  await writeFile(`${path}.json`, `${JSON.stringify({ name, date, machine, ...outcome }, null, 1)}\n`);
  console.log(text);
  progress(`written to ${path}.md and .json`);
}

await runMain(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const installation = await scaledInstallation(options);
  try {
    const machine = await describeMachine(installation.database);
    const [kind, work] = options.brownout ? ['brownout', brownout] : options.fairness ? ['fairness', fairness] : ['soak', soak];
    const outcome = await work(options, installation);
    await writeReport({ name: options.name ?? kind, short: kind === 'soak' && options.minutes < 30 }, machine, outcome);
    for (const fault of outcome.faults ?? []) console.error(`failed: ${fault}`);
    if (outcome.faults?.length > 0) process.exitCode = 1;
  } finally {
    await installation.drop();
  }
});
