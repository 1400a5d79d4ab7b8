import { setTimeout as sleep } from 'node:timers/promises';
import { openHttpLane } from './http-session.mjs';
import { judgeAnswer } from './mixed-calls.mjs';
import { createLatencies } from './percentiles.mjs';
import { ask } from './targets.mjs';

/**
 * Many callers at once, each lane one call at a time, and every answer read. With `perSecond` calls are begun at that rate,
 * all lanes together; without, each lane asks as soon as it is answered.
 *
 * @param {object} options
 * @param {readonly { scope: import('./scaled-installation.mjs').Scope, target: { url: string, headers: Record<string, string> }, calls: readonly import('./mixed-calls.mjs').Call[] }[]} options.lanes
 * @param {number} options.seconds
 * @param {number} [options.perSecond]
 * @param {(told: { at: number, ms: number, code?: string, stale?: boolean }) => void} [options.onAnswer]
 * @param {number} [options.restMs] what a lane waits after a refusal
 */
export async function drive({ lanes, seconds, perSecond, onAnswer, restMs = 0 }) {
  const tally = { calls: 0, errors: 0, foreign: 0, cached: 0, stale: 0, slowestMs: 0, samples: [], codes: {} };
  const latencies = createLatencies();
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const everyMs = perSecond === undefined ? 0 : (lanes.length * 1000) / perSecond;
  const one = async ({ scope, target, calls }, index) => {
    let onLost;
    const lost = new Promise((_, reject) => {
      onLost = reject;
    });
    lost.catch(() => {});
    const lane = await openHttpLane(target, onLost);
    let due = begin + (index / lanes.length) * everyMs;
    for (let turn = index * 7; performance.now() < end; turn += 1) {
      if (due > performance.now()) await sleep(due - performance.now());
      due = Math.max(due + everyMs, performance.now() - 10 * everyMs);
      const call = calls[turn % calls.length];
      const at = performance.now();
      const { status, body } = await Promise.race([ask(lane, call.request), lost]);
      const ms = performance.now() - at;
      const { fault, code, foreign, cached, stale } = judgeAnswer(scope, call, status, body);
      tally.calls += 1;
      tally.slowestMs = Math.max(tally.slowestMs, ms);
      latencies.add(ms);
      if (cached) tally.cached += 1;
      if (stale) tally.stale += 1;
      if (foreign) tally.foreign += 1;
      if (fault !== undefined) {
        tally.errors += 1;
        tally.codes[code] = (tally.codes[code] ?? 0) + 1;
        if (tally.samples.length < 3) tally.samples.push(`${fault}: ${body.subarray(0, 200)}`);
        if (restMs > 0) await sleep(restMs);
      }
      onAnswer?.({ at, ms, code, stale });
    }
    lane.close();
  };
  await Promise.all(lanes.map(one));
  const { p50, p95, p99 } = latencies.summary();
  return { ...tally, callsPerSecond: (tally.calls * 1000) / (performance.now() - begin), p50, p95, p99 };
}

/** Slope of the line with the least sum of squared distances. @param {readonly { x: number, y: number }[]} points @returns {number} y per x; NaN for fewer than two */
export function slopeOf(points) {
  const mean = (key) => points.reduce((sum, point) => sum + point[key], 0) / points.length;
  const [x, y] = [mean('x'), mean('y')];
  const over = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  return over / points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
}
