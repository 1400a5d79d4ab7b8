import { createRequest } from '../load/protocol.mjs';
import { ask } from '../load/targets.mjs';
import { BenchError, services } from '../places.mjs';
import { firstLane, startChild } from './child.mjs';
import { startWireTap } from './wire-tap.mjs';

const mostTexts = 8;
const around = /^\s*(BEGIN|ROLLBACK|COMMIT|SET|SELECT\s+\S*use_scope)\b/i;

/**
 * The SQL that this server sends for calls of each workload.
 *
 * @param {ReturnType<typeof import('./ours.mjs').ours>} server
 * @param {readonly import('../workloads.mjs').Workload[]} workloads
 * @param {Record<string, import('../workloads.mjs').Variant[]>} variants
 * @returns {Promise<Record<string, string[]>>} by workload; without those that need several statements
 */
export async function captureFinalSql(server, workloads, variants) {
  const { adminUrl } = services();
  const tap = await startWireTap({ host: adminUrl.hostname, port: Number(adminUrl.port) });
  const { command, args, env, target } = await server.launch();
  const child = startChild(command, args, { ...env, POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: String(tap.port) });
  try {
    const lane = await firstLane(child, target);
    /** @type {Record<string, string[]>} */
    const captured = {};
    for (const workload of workloads.filter(({ kind, sameAs }) => kind === 'sql' && sameAs === undefined)) {
      captured[workload.id] = [];
      for (const variant of variants[workload.id].slice(0, mostTexts)) {
        tap.take();
        const call = server.call(workload, variant);
        const { id, status, body } = await ask(lane, createRequest('tools/call', call.params));
        if (status !== 200) throw new BenchError(`call ${id} of ${workload.id} was answered with ${status}: ${body}`);
        const texts = tap.take().filter(({ text, user }) => /_reader/.test(user) && !around.test(text));
        if (texts.length === 1) captured[workload.id].push(withValues(texts[0]));
      }
      if (captured[workload.id].length === 0) delete captured[workload.id];
    }
    lane.close();
    return captured;
  } finally {
    await child.stop();
    tap.stop();
  }
}

/** pgbench prepares its scripts as they are: a statement that is bound gets its values, which are plain, as literals. */
function withValues({ text, values }) {
  return text.replace(/\$(\d+)/g, (_, number) => `'${values[number - 1]}'`);
}
