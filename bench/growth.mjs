#!/usr/bin/env node
// What becomes of speed when rows, scopes and processes grow. Writes its section of docs/performance.md and the plot beside it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderBars } from './load/bar-plot.mjs';
import { mixedCalls } from './load/mixed-calls.mjs';
import { drive } from './load/paced.mjs';
import { scaledInstallation, startScaled, storeScopes, tenfoldScopes } from './load/scaled-installation.mjs';
import { describeMachine } from './machine.mjs';
import { checkout, progress } from './places.mjs';
import { table } from './report.mjs';
import { runMain } from './session.mjs';

const USAGE = `Options:
  --scale N      customers before growth (default 5000; ten times as many after)
  --seconds N    length of one measurement (default 5)
  --workers 1,2,3
  --main FILE    another build than dist/main.js
`;
const lanes = 16;
/** Below what any of the sizes can bear, so that waiting for each other does not hide the work. */
const pacedPerSecond = 100;
const points = 20;

const page = join(checkout, 'docs/performance.md');
const marks = ['<!-- growth: begin, written by bench/growth.mjs -->', '<!-- growth: end -->'];

/** @param {Map<object, import('./load/mixed-calls.mjs').Call[]>} calls @param {string} kind */
const only = (calls, kind) => new Map([...calls].map(([scope, all]) => [scope, all.filter((call) => call.kind === kind)]));

async function measured(server, calls, { seconds, count = lanes, perSecond }) {
  const driven = server.lanes(count, calls);
  await drive({ lanes: driven, seconds: Math.max(2, seconds / 2), ...(perSecond && { perSecond }) });
  const told = await drive({ lanes: driven, seconds, ...(perSecond && { perSecond }) });
  if (told.errors > 0 || told.foreign > 0)
    progress(`${told.errors} errors, ${told.foreign} of another scope: ${told.samples[0]}`);
  return told;
}

const figures = (growth, size, what, { callsPerSecond, p50, p95, calls, cached, errors, foreign }) => ({
  ...{ growth, size, what, callsPerSecond, p50, p95, errors, foreign },
  cachedShare: cached / calls,
});

async function rowsAndScopes(options, scale, first) {
  const installation = await scaledInstallation({ main: options.main, scale });
  const found = [];
  try {
    const stores = await storeScopes(installation.database);
    const calls = await mixedCalls(installation.database, stores, { points });
    const size = `${scale.toLocaleString('en-US')} customers`;
    const plain = await startScaled({ main: options.main, installation, scopes: stores, cached: false });
    for (const [kind, what] of [
      ['point', 'an order by its number'],
      ['sum', 'months and sums'],
      ['rows', '100 rows'],
    ]) {
      found.push(
        figures(
          'rows',
          size,
          what,
          await measured(plain, only(calls, kind), { ...options, perSecond: kind === 'sum' ? 20 : pacedPerSecond }),
        ),
      );
    }
    await plain.child.stop();
    if (!first) return { found };
    for (const scopes of [stores, tenfoldScopes(stores)]) {
      const mixed = await mixedCalls(installation.database, scopes, { points });
      const server = await startScaled({ main: options.main, installation, scopes, env: { CACHE_MAX_ITEMS: '10000' } });
      // Everybody has asked everything once: what is told is the steady state.
      await drive({ lanes: server.lanes(80, mixed), seconds: 2 * options.seconds });
      const told = await measured(server, mixed, { ...options, count: 80, perSecond: pacedPerSecond });
      found.push(figures('scopes', `${scopes.length} scopes`, 'everything, cache on', told));
      await server.child.stop();
    }
    for (const workers of options.workers) {
      const env = { SERVER_WORKERS: String(workers) };
      const server = await startScaled({ main: options.main, installation, scopes: stores, env, cached: false });
      const told = await measured(server, only(calls, 'point'), { ...options, count: 3 * lanes });
      found.push(
        figures('workers', `${workers} ${workers === 1 ? 'process' : 'processes'}`, 'orders by number, as fast as it goes', told),
      );
      await server.child.stop();
    }
    return { found, machine: await describeMachine(installation.database) };
  } finally {
    await installation.drop();
  }
}

const number = (value, digits) => value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

function section({ machine, found }) {
  const rows = found.map(({ growth, size, what, callsPerSecond, p50, p95, cachedShare, errors, foreign }) => [
    ...[growth, size, what, number(callsPerSecond, 0), number(p50, 2), number(p95, 2)],
    ...[`${number(100 * cachedShare, 0)} %`, errors, foreign],
  ]);
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine.processor}, ${machine.memoryGib} GiB, Node ${machine.node}, PostgreSQL ${machine.postgresql.server_version}, commit ${machine.commit}; load average at the start ${number(machine.loadAtStart, 1)}. Load, server and PostgreSQL share the cores.`,
    table(['what grows', 'to', 'asked', 'calls/s', 'p50 ms', 'p95 ms', 'from the cache', 'errors', 'of another scope'], rows),
    '![p95 as rows, scopes and processes grow](performance-growth.svg)',
  ].join('\n\n');
}

/** Puts it between its marks; a page that has none is left with what it has, and gets them at its end. */
function writePage(text) {
  const whole = existsSync(page) ? readFileSync(page, 'utf8') : '# Performance\n';
  const [begin, end] = marks.map((mark) => whole.indexOf(mark));
  const [before, after] =
    begin === -1 || end === -1 ? [`${whole}\n`, '\n'] : [whole.slice(0, begin), whole.slice(end + marks[1].length)];
  writeFileSync(page, `${before}${marks[0]}\n\n${text}\n\n${marks[1]}${after}`);
}

await runMain(async () => {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: { scale: text, seconds: text, workers: text, main: text, help: { type: 'boolean', default: false } },
  });
  if (values.help) return console.log(USAGE);
  const options = {
    main: values.main ?? join(checkout, 'dist/main.js'),
    seconds: Number(values.seconds ?? 5),
    workers: (values.workers ?? '1,2,3').split(',').map(Number),
  };
  const scale = Number(values.scale ?? 5000);
  const { found, machine } = await rowsAndScopes(options, scale, true);
  found.splice(3, 0, ...(await rowsAndScopes(options, 10 * scale, false)).found);
  const bars = found.map(({ growth, size, what, p95, callsPerSecond }) => ({
    ...{ group: growth, label: `${what}: ${size}` },
    ...(growth === 'workers' ? { value: callsPerSecond, unit: 'calls/s' } : { value: p95, unit: 'ms p95' }),
  }));
  writeFileSync(join(checkout, 'docs/performance-growth.svg'), renderBars(bars));
  const written = section({ machine, found });
  writePage(written);
  console.log(written);
  progress('written to docs/performance.md and docs/performance-growth.svg');
});
