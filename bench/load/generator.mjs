// The load generator, a process of its own: its cost can be told from that of the harness and of the servers.
import { createCheck, sizesOf } from './checks.mjs';
import { createRequest } from './protocol.mjs';
import { flight, runLoad, verify } from './run.mjs';
import { ask, openTarget } from './targets.mjs';

const targets = new Map();
const prepared = new Map();

const toCall = ({ params, style, expected, deep }) => ({
  request: createRequest('tools/call', params),
  check: createCheck(style, expected, { deep }),
});

const commands = {
  async open({ server, target }) {
    const opened = await openTarget(target);
    targets.set(server, opened);
    return { pid: opened.pid };
  },
  async tools({ server }) {
    const lane = await targets.get(server).lane();
    const { body } = await ask(lane, createRequest('tools/list', {}));
    lane.close();
    return { body: body.toString('utf8') };
  },
  async prepare({ server, workload, calls }) {
    prepared.set(`${server} ${workload}`, calls.map(toCall));
  },
  async verify({ server, workload, most }) {
    const { faults, body } = await verify({ lane: targets.get(server).lane, calls: callsOf(server, workload), most });
    return faults.length > 0 ? { faults } : { faults, sizes: sizesOf(body) };
  },
  run: ({ server, workload, ...options }) =>
    runLoad({ ...options, lane: targets.get(server).lane, calls: callsOf(server, workload) }),
  flight: ({ server, call, count }) => flight({ lane: targets.get(server).lane, call: toCall(call), count }),
  async close({ server }) {
    await targets.get(server)?.stop();
    targets.delete(server);
  },
};

const callsOf = (server, workload) => prepared.get(`${server} ${workload}`);

process.on('message', async ({ id, command, ...options }) => {
  try {
    process.send({ id, result: await commands[command](options) });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.on('disconnect', () => process.exit());
