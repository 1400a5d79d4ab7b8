import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { insideRoot } from './debian-root.mjs';
import { ServicesError } from './plan.mjs';
import { assertPortIsFree } from './port-owner.mjs';
import { runsInRoot } from './process-table.mjs';
import { lastLines } from './run-command.mjs';

const READY_WITHIN_MS = 15_000;

/** A Redis that keeps nothing on disk. `cacheDir` holds its pid file and log. */
export function createRedisServer({ cacheDir, progress }) {
  const pidFile = join(cacheDir, 'redis.pid.json');
  const logFile = join(cacheDir, 'redis.log');

  async function running() {
    const { pid, port, root } = parsePidFile(await readFile(pidFile, 'utf8').catch(() => ''));
    if (!pid || !runsInRoot(pid, 'redis-server', root)) return undefined;
    return { name: 'Redis', port, pid, detail: `pid ${pid}` };
  }

  async function launch(root, port) {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'];
    const { command, args, env } = await insideRoot(root, 'redis', ['/usr/bin/redis-server', ...options]);
    const log = openSync(logFile, 'w', 0o600);
    const child = spawn(command, args, { cwd: '/', env, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    await once(child, 'spawn');
    child.unref();
    await writeFile(pidFile, JSON.stringify({ pid: child.pid, port, root }), { mode: 0o600 });
    return child;
  }

  async function waitUntilReady(child, port) {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (child.exitCode === null && Date.now() < deadline) {
      if (await answersPing(port)) return;
      await sleep(50);
    }
    throw new ServicesError(`Redis did not start on port ${port}:\n${await lastLines(logFile)}`, `Its log: ${logFile}`);
  }

  return {
    running,

    async start(root, port) {
      const already = await running();
      if (already) return progress(`Redis: already running on 127.0.0.1:${already.port}`);
      await assertPortIsFree('redis', 'Redis', port);
      await waitUntilReady(await launch(root, port), port);
      progress(`Redis: running on 127.0.0.1:${port}`);
    },

    async stop() {
      const server = await running();
      if (!server) return progress('Redis: not running');
      process.kill(server.pid, 'SIGTERM');
      const deadline = Date.now() + READY_WITHIN_MS;
      while (await running()) {
        if (Date.now() > deadline) throw new ServicesError(`Redis (pid ${server.pid}) does not stop.`, `Its log: ${logFile}`);
        await sleep(50);
      }
      await rm(pidFile, { force: true });
      progress('Redis: stopped');
    },
  };
}

/** A half-written file counts as none. */
export function parsePidFile(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
  });
}
