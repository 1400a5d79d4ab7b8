// Servers in turn, round after round, so that what else the machine does meets all of them alike.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from './installation.mjs';
import { createCheck } from './load/checks.mjs';
import { median } from './load/percentiles.mjs';
import { memoryOf, parseStat } from './load/processes.mjs';
import { createRequest, parseMessage } from './load/protocol.mjs';
import { openStdioSession } from './load/stdio-session.mjs';
import { ask } from './load/targets.mjs';
import { progress } from './places.mjs';
import { firstLane, startChild } from './servers/child.mjs';
import { hundredRows } from './workloads.mjs';

const verifiedCalls = 24;
const settleMs = 1000;

/** Pid of the postmaster, if PostgreSQL runs where this process can see it. */
export async function findPostmaster() {
  return withClient({ name: 'postgres' }, async (admin) => {
    const { rows } = await admin.query('SELECT pg_backend_pid() AS pid');
    try {
      const stat = readFileSync(`/proc/${rows[0].pid}/stat`, 'latin1');
      return /\(postgres\)/.test(stat) ? parseStat(stat).parent : undefined;
    } catch {
      return undefined;
    }
  });
}

/** A started server that the generator knows. */
export async function startServer(server, load) {
  const launch = await server.launch();
  if (launch.target.kind === 'stdio') {
    const { pid } = await load.open({ server: server.name, target: launch.target });
    return { pid, target: launch.target, stop: () => load.close({ server: server.name }) };
  }
  const child = startChild(launch.command, launch.args, launch.env);
  (await firstLane(child, launch.target)).close();
  await load.open({ server: server.name, target: launch.target });
  return { pid: child.pid, target: launch.target, stop: () => child.stop() };
}

/** From the start of the process to the first right answer, in ms. @param {{ params: unknown, style: string, expected: object }} call */
export async function coldStart(server, call, times) {
  const request = createRequest('tools/call', call.params);
  const check = createCheck(call.style, call.expected);
  const all = [];
  for (let time = 0; time < times; time += 1) {
    const launch = await server.launch();
    const start = performance.now();
    const stdio = launch.target.kind === 'stdio' ? await openStdioSession(launch.target) : undefined;
    const child = stdio ?? startChild(launch.command, launch.args, launch.env);
    const lane = stdio?.lane() ?? (await firstLane(child, launch.target));
    const { id, status, body } = await ask(lane, request);
    all.push(performance.now() - start);
    const fault = check(id, status, body, true);
    lane.close();
    await child.stop();
    if (fault !== undefined) throw new Error(`the first answer of ${server.title} is wrong: ${fault}`);
  }
  return median(all);
}

/** What a server is, before it is put under load: list of tools, memory at rest, bytes of a hundred rows. */
export async function introduce(server, { load, pid, variants }) {
  const { body } = await load.tools({ server: server.name });
  const { tools } = parseMessage(Buffer.from(body)).result;
  const list = JSON.stringify(tools);
  const call = server.call(hundredRows, variants[hundredRows.id][0]);
  await sleep(settleMs);
  const idleKib = memoryOf(pid).residentKib;
  const hundred =
    call === undefined ? undefined : await prepareAndVerify(server, hundredRows, [variants[hundredRows.id][0]], load);
  await sleep(settleMs);
  return {
    tools: tools.map(({ name }) => name),
    toolsListBytes: Buffer.byteLength(list),
    idleKib,
    answeredKib: memoryOf(pid).residentKib,
    ...(hundred?.sizes === undefined
      ? {}
      : { hundredRowsTextBytes: hundred.sizes.textBytes, hundredRowsBodyBytes: hundred.sizes.bodyBytes }),
  };
}

/** Hands the calls of a workload to the generator and compares every value of some answers. */
export async function prepareAndVerify(server, workload, variants, load) {
  const calls = variants.map((variant) => server.call(workload, variant));
  if (calls.some((call) => call === undefined)) return undefined;
  await load.prepare({ server: server.name, workload: workload.id, calls });
  return load.verify({ server: server.name, workload: workload.id, most: verifiedCalls });
}

/**
 * @param {object} options
 * @param {readonly object[]} options.servers started ones and those that run themselves (pgbench)
 * @param {Map<string, { pid: number, tools: readonly string[] }>} options.started
 * @param {{ rounds: number, seconds: number, concurrency: readonly number[] }} options.effort
 * @returns {Promise<object[]>} one entry for each server, workload and concurrency
 */
export async function measure({ servers, started, workloads, variants, load, effort, postmaster }) {
  const results = [];
  for (const workload of workloads) {
    const taking = [];
    for (const server of servers) {
      const obstacle = await obstacleOf(server, workload, { started, variants, load });
      if (obstacle === undefined) taking.push(server);
      else if (obstacle !== '') results.push({ server: server.name, workload: workload.id, obstacle });
    }
    for (const concurrency of effort.concurrency) {
      const runs = new Map(taking.map((server) => [server, []]));
      for (let round = 0; round < effort.rounds; round += 1) {
        for (const server of rotated(taking, round)) {
          const run = await oneRun(server, workload, { started, load, effort, postmaster, concurrency, round });
          if (run === undefined) runs.delete(server);
          else runs.get(server).push(run);
        }
      }
      for (const [server, each] of runs) {
        const result = { server: server.name, workload: workload.id, concurrency, ...medians(each) };
        results.push(result);
        progress(
          `${workload.id} c=${concurrency} ${server.name}: ${result.callsPerSecond.toFixed(1)} calls/s, ${result.errors} errors`,
        );
      }
    }
  }
  return results;
}

/** Nobody is always the first after a pause. */
const rotated = (list, by) => list.map((_, index) => list[(index + by) % list.length]);

/** Why a server cannot take part; an empty text where it was never meant to. */
async function obstacleOf(server, workload, { started, variants, load }) {
  if (server.run !== undefined) return undefined;
  const sample = server.call(workload, variants[workload.id][0]);
  if (sample === undefined) return '';
  if (sample.tool !== undefined && !started.get(server.name).tools.includes(sample.tool)) return `has no tool ${sample.tool} yet`;
  const { faults } = await prepareAndVerify(server, workload, variants[workload.id], load);
  if (faults.length === 0) return undefined;
  progress(`${workload.id} ${server.name}: ${faults[0]}`);
  return `${faults.length} wrong answers: ${faults[0].slice(0, 160)}`;
}

async function oneRun(server, workload, { started, load, effort, postmaster, concurrency, round }) {
  if (server.run !== undefined) return server.run(workload, { concurrency, seconds: effort.seconds, postmaster });
  return load.run({
    server: server.name,
    workload: workload.id,
    concurrency,
    seconds: effort.seconds,
    warmUpSeconds: Math.min(1, effort.seconds / 4),
    seed: round * 7919,
    watched: { server: started.get(server.name).pid, postgres: postmaster },
  });
}

/** Medians of the rounds; errors and highest memory are those of all rounds together. @param {readonly Record<string, any>[]} runs */
export function medians(runs) {
  const keys = new Set(runs.flatMap((run) => Object.keys(run)));
  keys.delete('samples');
  const entries = [...keys].map((key) => {
    const values = runs.map((run) => run[key]).filter((value) => typeof value === 'number');
    if (key === 'errors') return [key, values.reduce((sum, value) => sum + value, 0)];
    if (key === 'residentKib' || key === 'peakKib') return [key, Math.max(...values)];
    return [key, values.length === 0 ? null : median(values)];
  });
  return {
    ...Object.fromEntries(entries),
    samples: runs.flatMap(({ samples = [] }) => samples).slice(0, 3),
    rounds: runs.length,
  };
}

/** Many identical calls at once, and how often the database really ran their statement. */
export async function identicalInFlight({ server, load, database, count }) {
  const mark = `bench_flight_${Date.now()}`;
  const sql = `SELECT count(*) AS ${mark}, sum(a.total_amount) AS revenue FROM retail.order_items a JOIN retail.orders o ON o.order_id = a.order_id`;
  const { params } = server.call({ id: 'C0', kind: 'sql' }, { sql, expected: {} });
  const call = { params, style: 'figures', expected: { needles: [mark], rows: 1 } };
  const { right, faults } = await load.flight({ server: server.name, call, count });
  return withClient({ name: database }, async (admin) => {
    const { rows } = await admin
      .query(
        `SELECT coalesce(sum(calls), 0) AS calls FROM extensions.pg_stat_statements WHERE query LIKE '%${mark}%' AND query NOT LIKE '%pg_stat_statements%'`,
      )
      .catch(() => ({ rows: [{ calls: null }] }));
    return { count, right, faults, executions: rows[0].calls === null ? null : Number(rows[0].calls) };
  });
}

/** Statistics can be reset or crowded out meanwhile, and refused calls execute nothing: only then is the count one to judge by. */
export function executionsOf({ count, right, executions }) {
  return right === count && executions >= 1 ? { executions } : {};
}
