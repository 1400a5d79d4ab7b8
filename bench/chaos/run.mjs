// One fault after the other while tenants ask, and what came of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../installation.mjs';
import { BenchError, progress } from '../places.mjs';
import { startCallers } from './callers.mjs';
import { chaosFaults } from './faults.mjs';
import { startInstallation } from './installation.mjs';
import { alertsOf, auditOf, verdictOn } from './verdict.mjs';

const patienceMs = 120_000;
/** At the end: long enough for what would be told twice. */
const lastEvaluations = 6;

/**
 * @param {{ main: string, root: string, minutes: number, perSecond: number, scale: number, replicas?: number, lanes?: number }} options
 *   minutes: in all; 0 = as fast as it goes
 */
export async function runChaos({ main, root, minutes, perSecond, scale, replicas = 3, lanes = 8 }) {
  // Five minutes of a rule are ten seconds in a long run, and five in a short one.
  const pace = minutes >= 10 ? { everyMs: 3000, speedUp: 30 } : { everyMs: 1000, speedUp: 60 };
  const installation = await startInstallation({ main, root, scale, replicas, pace });
  let callers;
  try {
    const began = performance.now();
    const { receiver, nameOf } = installation;
    callers = await startCallers(installation, { lanes, perSecond });
    const killed = [];
    const faults = chaosFaults(installation, (index) => killed.push({ replica: nameOf(index), at: performance.now() }));
    await allAreReady(installation);
    // Until the replicas know who else is there.
    await sleep(7 * pace.everyMs);
    const early = receiver.notices.map(({ rule }) => rule).filter((rule) => faults.some((fault) => fault.rule === rule));
    if (early.length > 0) throw new BenchError(`there were alerts before anything had been done: ${early}`);
    const slotMs = (minutes * 60_000 - (performance.now() - began)) / faults.length;
    const timeline = [];
    for (const fault of faults) timeline.push(await induce({ fault, receiver, slotMs }));
    await Promise.all(timeline.map(({ rule, from }) => heard(receiver, rule, 'resolved', from)));
    await sleep(lastEvaluations * pace.everyMs);
    await callers.stop();
    const seconds = (performance.now() - began) / 1000;
    // The last batch of audit records is on its way for 200 ms.
    await sleep(1000);
    const audit = await auditOf(await auditedRequests(installation), callers.told, killed);
    const alerts = alertsOf(receiver.notices, timeline);
    return {
      minutes: seconds / 60,
      pace,
      timeline,
      told: callers.told,
      audit,
      alerts,
      notices: receiver.notices,
      ...verdictOn({ alerts, told: callers.told, audit, timeline }),
    };
  } finally {
    await callers?.stop();
    await installation.stop();
  }
}

async function induce({ fault, receiver, slotMs }) {
  const { name, rule, patient = false } = fault;
  const from = performance.now();
  progress(name);
  await fault.induce();
  await heard(receiver, rule, 'firing', from);
  const fired = performance.now();
  progress(`  ${rule} fired after ${((fired - from) / 1000).toFixed(1)} s`);
  await sleep(Math.max(0, from + slotMs / 2 - performance.now()));
  const ended = performance.now();
  await fault.end();
  if (!patient) await heard(receiver, rule, 'resolved', ended);
  const until = performance.now();
  if (!patient) progress(`  resolved after ${((until - ended) / 1000).toFixed(1)} s`);
  await sleep(Math.max(0, from + slotMs - performance.now()));
  return { name, rule, from, fired, ended, until, next: performance.now() };
}

async function heard({ notices }, rule, kind, since) {
  const deadline = performance.now() + patienceMs;
  while (!notices.some((notice) => notice.rule === rule && notice.kind === kind && notice.at >= since)) {
    // What did not come is a finding of the run, not its end.
    if (performance.now() > deadline) return progress(`  ${rule} was not ${kind} within ${patienceMs / 1000} s`);
    await sleep(50);
  }
}

/** @param {{ origins: readonly string[] }} installation */
async function allAreReady({ origins }) {
  const ready = async (origin) => (await fetch(`${origin}/health/ready`)).ok;
  for (const begun = performance.now(); performance.now() - begun < 60_000; await sleep(500)) {
    if ((await Promise.all(origins.map(ready))).every(Boolean)) return;
  }
  throw new BenchError('the servers are not ready to begin with');
}

/** How often each request stands in the trail. @returns {Promise<Map<string, number>>} */
function auditedRequests({ database, adminUrl }) {
  return withClient({ name: database, adminUrl }, async (admin) => {
    const { rows } = await admin.query(
      'SELECT request_id, count(*) AS count FROM audit.events WHERE request_id IS NOT NULL GROUP BY 1',
    );
    return new Map(rows.map(({ request_id, count }) => [request_id, Number(count)]));
  });
}
