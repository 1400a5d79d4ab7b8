import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openHttpLane } from '../load/http-session.mjs';
import { BenchError } from '../places.mjs';

/** The first start on an embedded database makes its data. */
const patienceMs = 90_000;
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A server as a child process; what it says goes to a file, so that saying it costs this process nothing. */
export function startChild(command, args, env) {
  const log = join(mkdtempSync(join(tmpdir(), 'zava-bench-')), 'server.log');
  const file = openSync(log, 'w');
  const child = spawn(command, args, { env, stdio: ['ignore', file, file], cwd: tmpdir() });
  closeSync(file);
  running.add(child);
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ code: error.message, signal: null }));
  });
  void ended.then(() => running.delete(child));
  return {
    pid: child.pid,
    ended,
    said: () => readFileSync(log, 'utf8').slice(-2000),
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const end = await ended;
      clearTimeout(late);
      return end;
    },
  };
}

/** The first session that a starting server accepts. @param {ReturnType<typeof startChild>} child @param {{ url: string, headers?: Record<string, string> }} target */
export async function firstLane(child, target) {
  let end;
  void child.ended.then((how) => {
    end = how;
  });
  for (const start = performance.now(); performance.now() - start < patienceMs; await sleep(2)) {
    if (end !== undefined) throw new BenchError(`the server ended with ${JSON.stringify(end)}\n${child.said()}`);
    try {
      return await openHttpLane(target);
    } catch {
      // Not listening yet, or not ready to answer: that is what is being waited for.
    }
  }
  throw new BenchError(`the server did not answer at ${target.url}\n${child.said()}`);
}
