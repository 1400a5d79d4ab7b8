// One benchmark from beginning to end: prepare, start, measure, report.
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDataset } from './dataset.mjs';
import { authentication, database, tenant as findTenant, prepareInstallation } from './installation.mjs';
import { startLoad } from './load/load.mjs';
import { describeMachine } from './machine.mjs';
import { coldStart, executionsOf, findPostmaster, identicalInFlight, introduce, measure, startServer } from './measure.mjs';
import { preparePeersDatabase } from './peers-database.mjs';
import { BenchError, benchCache, checkout, progress } from './places.mjs';
import { topSelfTimes } from './profile.mjs';
import { renderReport, withMemory } from './report.mjs';
import { ours } from './servers/ours.mjs';
import { chooseWorkloads } from './workloads.mjs';

const loadCaveat = 'Made with --quick: it shows that the harness works, and no figure in it should be compared.';
const flightSize = 100;
const profiledLines = 15;

/** Data, asker and right answers, the same for every server. */
export async function prepare(options) {
  const main = options.main ?? join(checkout, 'dist/main.js');
  const digest = await prepareInstallation({ main });
  const tenant = await findTenant(options.store);
  await preparePeersDatabase(tenant.key, digest);
  const variants = await loadDataset({ digest, tenant });
  return { main, tenant, variants, authentication: await authentication(tenant.key), workloads: chooseWorkloads(options.only) };
}

/**
 * @param {object} options of the command line
 * @param {string} name of the report
 * @param {Awaited<ReturnType<typeof prepare>>} prepared
 * @param {readonly object[]} contenders servers, and what runs itself (pgbench)
 * @param {Record<string, number>} [more] what is known about this server already
 */
export async function bench(options, name, prepared, contenders, more = {}) {
  const { variants, workloads, tenant } = prepared;
  const machine = await describeMachine(database);
  const postmaster = await findPostmaster();
  const load = startLoad();
  const facts = {};
  const started = new Map();
  const absentServers = [];
  const taking = [];
  let flight;
  let results;
  try {
    for (const server of contenders) {
      try {
        facts[server.name] = await begin(server, { options, load, started, variants, workloads });
        taking.push(server);
      } catch (error) {
        if (server.name === 'ours') throw error;
        progress(`${server.title} is left out: ${error.message}`);
        absentServers.push({ title: server.title, why: error.message });
      }
    }
    progress(`measuring takes about ${minutesFor(options, taking, workloads)} minutes`);
    results = await measure({ servers: taking, started, workloads, variants, load, effort: options, postmaster });
    if (started.has('ours-cached')) {
      const server = taking.find((each) => each.name === 'ours-cached');
      flight = await identicalInFlight({ server, load, database, count: flightSize });
      Object.assign(facts['ours-cached'], executionsOf(flight));
    }
  } finally {
    for (const { stop } of started.values()) await stop();
    load.end();
  }
  const servers = Object.fromEntries(
    Object.entries(facts).map(([key, known]) => [key, withMemory({ ...known, ...(key === 'ours' ? more : {}) }, key, results)]),
  );
  const settings = Object.fromEntries(taking.map(({ title, settings: values }) => [title, values]));
  const { only, seconds, rounds, concurrency } = options;
  await writeReport({
    name: options.name ?? name,
    date: new Date().toISOString().slice(0, 10),
    ...(options.quick ? { caveat: loadCaveat } : {}),
    machine,
    tenant,
    settings,
    options: { only, seconds, rounds, concurrency },
    workloads: workloads.map(({ id, title }) => ({ id, title })),
    servers,
    results,
    ...(flight === undefined ? {} : { flight }),
    absentServers,
  });
}

/** An upper bound: not every server takes part in every workload. */
function minutesFor({ rounds, seconds, concurrency }, servers, workloads) {
  const pauseSeconds = 1;
  return Math.ceil((workloads.length * servers.length * rounds * concurrency.length * (seconds + pauseSeconds)) / 60);
}

async function begin(server, { options, load, started, variants, workloads }) {
  if (server.run !== undefined) return { title: server.title };
  progress(`starting ${server.title}`);
  const { workload, call } = firstCall(server, workloads, variants);
  const cold =
    options.coldStarts > 0 && call !== undefined ? { coldStartMs: await coldStart(server, call, options.coldStarts) } : {};
  const running = await startServer(server, load);
  started.set(server.name, running);
  const known = await introduce(server, { load, pid: running.pid, variants });
  running.tools = known.tools;
  return { title: server.title, ...cold, ...known, coldStartWorkload: workload };
}

function firstCall(server, workloads, variants) {
  for (const workload of workloads) {
    const call = server.call(workload, variants[workload.id][0]);
    if (call !== undefined) return { workload: workload.id, call };
  }
  return {};
}

async function writeReport(report) {
  // What decided nothing is not kept with the project.
  const folder = report.caveat === undefined ? join(checkout, 'bench/results') : join(benchCache, 'results');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${report.date}-${report.name}`);
  const text = renderReport(report);
  await writeFile(`${path}.md`, text);
  await writeFile(`${path}.json`, `${JSON.stringify(report, null, 1)}\n`);
  console.log(text);
  progress(`written to ${path}.md and .json`);
}

/** Starts on an embedded database: one that has to be made, and the same one again. */
export async function embeddedStarts({ authentication: auth, main }, times) {
  const server = ours({ authentication: auth, main, dataDir: await mkdtemp(join(tmpdir(), 'zava-embedded-')) });
  const call = server.call({ id: 'E1', kind: 'sql' }, { sql: 'SELECT count(*) AS orders FROM retail.orders' });
  const one = { ...call, expected: { rows: 1, needles: ['"orders"'] } };
  progress('starting this server on an embedded database');
  const firstStartMs = await coldStart(server, one, 1);
  return { firstStartMs, embeddedStartMs: await coldStart(server, one, times) };
}

/** This server alone under V8's profiler. */
export async function profile(options, { main, variants, workloads, authentication: auth }) {
  const folder = await mkdtemp(join(tmpdir(), 'zava-profile-'));
  const server = ours({ authentication: auth, main, nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${folder}`] });
  const load = startLoad();
  const spawned = performance.now();
  const running = await startServer(server, load);
  const startMs = performance.now() - spawned;
  const started = new Map([[server.name, { ...running, tools: [] }]]);
  const chosen = options.only === undefined ? workloads.slice(0, 1) : workloads;
  const effort = { ...options, rounds: 1, concurrency: options.concurrency.slice(-1) };
  try {
    await measure({ servers: [server], started, workloads: chosen, variants, load, effort, postmaster: await findPostmaster() });
  } finally {
    load.end();
    const end = await running.stop();
    if (end.code !== 0) progress(`the server ended with ${JSON.stringify(end)}: there may be no profile`);
  }
  const files = (await readdir(folder)).filter((file) => file.endsWith('.cpuprofile'));
  if (files.length === 0) throw new BenchError(`No profile was written to ${folder}.`);
  for (const file of files) await printProfile(join(folder, file), startMs);
}

async function printProfile(path, fromMs) {
  const recorded = JSON.parse(await readFile(path, 'utf8'));
  for (const by of ['function', 'package']) {
    console.log(`\n${path}, time in itself by ${by}, without the start:\n`);
    for (const { name, ms, share } of topSelfTimes(recorded, { by, most: profiledLines, fromMs })) {
      console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${ms.toFixed(0).padStart(6)} ms  ${name}`);
    }
  }
}

/** Ends with a sentence where the cause is one that the person can mend. @param {() => Promise<void>} work */
export async function runMain(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
  }
}
