import { spawn } from 'node:child_process';
import { createRequest, idOf, initialize, initialized, nextId } from './protocol.mjs';

/**
 * A server as a child process with one session on its standard streams. Lanes share it: their calls are told apart by id.
 *
 * @param {{ command: string, args: readonly string[], env: Record<string, string> }} target
 */
export async function openStdioSession(target) {
  const child = spawn(target.command, target.args, { env: target.env, stdio: ['pipe', 'pipe', 'ignore'] });
  /** @type {Map<number, (body: Buffer) => void>} */
  const waiting = new Map();
  /** @type {Buffer[]} */
  let held = [];
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = held.length === 0 ? chunk.subarray(from, end) : Buffer.concat([...held, chunk.subarray(from, end)]);
      held = [];
      from = end + 1;
      take(line);
    }
    if (from < chunk.length) held.push(chunk.subarray(from));
  });
  const take = (line) => {
    const id = idOf(line);
    const answer = waiting.get(id);
    if (answer === undefined) return;
    waiting.delete(id);
    answer(line);
  };
  const call = ({ before, after }, onAnswer) => {
    const id = nextId();
    waiting.set(id, (body) => onAnswer(id, { status: 200, body }));
    child.stdin.write(`${before}${id}${after}\n`, 'latin1');
  };
  await new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => reject(new Error(`the server ended with ${code} in the handshake`)));
    call(createRequest(initialize.method, initialize.params), resolve);
  });
  child.removeAllListeners('exit');
  child.stdin.write(`${JSON.stringify(initialized)}\n`);
  return {
    pid: child.pid,
    /** @returns {import('./http-session.mjs').Lane} */
    lane: () => ({ call, close() {} }),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', resolve);
        child.stdin.end();
        child.kill('SIGTERM');
      }),
  };
}
