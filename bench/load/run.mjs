import { setTimeout as sleep } from 'node:timers/promises';
import { createLatencies } from './percentiles.mjs';
import { cpuOfTrees, memoryOf } from './processes.mjs';
import { ask } from './targets.mjs';

/** One answer in so many is parsed and compared value by value; all are checked on their bytes. */
const thoroughEvery = 128;
const cachedMark = Buffer.from('"cached":true');

/**
 * Keeps `concurrency` calls in flight for `seconds`, after a warm-up that is not counted.
 *
 * @param {object} options
 * @param {(onLost: (error: Error) => void) => Promise<import('./http-session.mjs').Lane>} options.lane
 * @param {readonly { request: import('./protocol.mjs').Request, check: ReturnType<typeof import('./checks.mjs').createCheck> }[]} options.calls
 * @param {number} options.concurrency
 * @param {number} options.seconds
 * @param {number} options.warmUpSeconds
 * @param {number} options.seed where to start among the calls
 * @param {Record<string, number | undefined>} options.watched processes whose CPU is asked for, by name; `server` also for its memory
 */
export async function runLoad({ lane, calls, concurrency, seconds, warmUpSeconds, seed, watched }) {
  const tally = { calls: 0, errors: 0, bytes: 0, cached: 0, samples: [], latencies: createLatencies() };
  let counting = false;
  let stopped = false;
  let next = seed;
  const failed = (what) => {
    if (!counting) return;
    tally.errors += 1;
    if (tally.samples.length < 3) tally.samples.push(what);
  };
  const drive = async () => {
    let lost;
    const open = await lane((error) => lost?.(error)).catch((error) => failed(error.message));
    if (open === undefined) return;
    await new Promise((resolve, reject) => {
      lost = reject;
      const send = () => {
        if (stopped) return resolve();
        const { request, check } = calls[next++ % calls.length];
        const start = performance.now();
        open.call(request, (id, { status, body }) => {
          const fault = check(id, status, body, next % thoroughEvery === 0);
          if (fault !== undefined) failed(`${fault}: ${body.subarray(0, 300)}`);
          else if (counting) {
            tally.latencies.add(performance.now() - start);
            tally.calls += 1;
            tally.bytes += body.length;
            if (body.includes(cachedMark)) tally.cached += 1;
          }
          send();
        });
      };
      send();
    }).catch((error) => failed(error.message));
    open.close();
  };
  const lanes = Array.from({ length: concurrency }, drive);
  await sleep(warmUpSeconds * 1000);
  const before = { cpu: cpuOfTrees(watched), own: process.cpuUsage(), at: performance.now() };
  counting = true;
  await sleep(seconds * 1000);
  counting = false;
  const elapsed = (performance.now() - before.at) / 1000;
  const own = process.cpuUsage(before.own);
  const after = cpuOfTrees(watched);
  const memory = watched.server === undefined ? undefined : memoryOf(watched.server);
  stopped = true;
  await Promise.all(lanes);
  const perCall = (us) => (us === null || tally.calls === 0 ? null : us / tally.calls);
  const spent = Object.fromEntries(
    Object.keys(watched).map((name) => [`${name}CpuUs`, after[name] === null ? null : perCall(after[name] - before.cpu[name])]),
  );
  const { count, ...percentiles } = tally.latencies.summary();
  return {
    calls: count,
    errors: tally.errors,
    samples: tally.samples,
    callsPerSecond: count / elapsed,
    ...percentiles,
    bytes: perCall(tally.bytes),
    cachedShare: perCall(tally.cached),
    ...spent,
    generatorCpuUs: perCall(own.user + own.system),
    ...memory,
  };
}

/** Asks some of the calls one after the other and compares every value. @returns {Promise<{ faults: string[], body: Buffer }>} */
export async function verify({ lane, calls, most }) {
  const open = await lane();
  const step = Math.max(1, Math.floor(calls.length / most));
  const faults = [];
  let last = Buffer.alloc(0);
  for (let at = 0; at < calls.length; at += step) {
    const { id, status, body } = await ask(open, calls[at].request);
    const fault = calls[at].check(id, status, body, true);
    if (fault !== undefined) faults.push(`${fault}: ${body.subarray(0, 400)}`);
    last = body;
  }
  open.close();
  return { faults, body: last };
}

/** All at once, each on a lane of its own. @returns {Promise<{ right: number, faults: string[] }>} */
export async function flight({ lane, call, count }) {
  const lanes = await Promise.all(Array.from({ length: count }, () => lane()));
  const answers = await Promise.all(lanes.map((open) => ask(open, call.request)));
  for (const open of lanes) open.close();
  const faults = answers.flatMap(({ id, status, body }) => {
    const fault = call.check(id, status, body, true);
    return fault === undefined ? [] : [`${fault}: ${body.subarray(0, 300)}`];
  });
  return { right: count - faults.length, faults: faults.slice(0, 3) };
}
