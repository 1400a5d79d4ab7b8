// What stands around the servers, and can be taken away from them: Redis, an embedding service, a receiver of alerts, nginx.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError, checkout } from '../places.mjs';
import { freePort } from '../servers/child.mjs';

async function untilItListens(port, name, child) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    const listens = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (listens) return;
    if (child.exitCode !== null) break;
    await sleep(25);
  }
  throw new BenchError(`${name} does not start`);
}

export async function startRedis() {
  const port = await freePort();
  let child;
  const start = async () => {
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', '/tmp'], {
      stdio: 'ignore',
    });
    await untilItListens(port, 'redis-server', child);
  };
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await start();
  return { url: `redis://127.0.0.1:${port}`, start, kill };
}

/** Numbers that are the same for the same text: the shape of a service, not its meaning. */
function vectorOf(text, dimensions) {
  let seed = [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0, 7);
  return Array.from({ length: dimensions }, () => {
    seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

const listening = (handler, port) =>
  new Promise((resolve) => {
    const server = createServer(handler).listen(port, '127.0.0.1', () => resolve(server));
  });
const closing = (server) =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve(undefined));
  });

/** Stands in for the embeddings endpoint of Azure OpenAI. */
export async function startEmbeddingService(dimensions = 1536) {
  const port = await freePort();
  const answer = async (request, response) => {
    const { input } = await bodyOf(request);
    const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, dimensions) }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ object: 'list', model: 'stand-in', data, usage: { total_tokens: 1 } }));
  };
  let server = await listening(answer, port);
  return {
    url: `http://127.0.0.1:${port}`,
    async start() {
      server = await listening(answer, port);
    },
    kill: () => closing(server),
  };
}

/** Takes alerts as Alertmanager's webhooks send them. */
export async function startAlertReceiver() {
  const port = await freePort();
  const notices = [];
  const server = await listening(async (request, response) => {
    const { status, alerts } = await bodyOf(request);
    const [{ labels, annotations }] = alerts;
    const { alertname: rule, severity, server: by, ...about } = labels;
    notices.push({ at: performance.now(), status, kind: annotations.kind, rule, severity, by, about, value: annotations.value });
    response.end('ok');
  }, port);
  return { url: `http://127.0.0.1:${port}/alerts`, notices, stop: () => closing(server) };
}

/** deploy/nginx.conf with these addresses in place of its own, and a header that names the replica behind each answer. */
export async function startNginx(folder, ports) {
  const port = await freePort();
  const servers = ports.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=5s;`).join('\n');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  const config = readFileSync(join(checkout, 'deploy/nginx.conf'), 'utf8')
    .replace(/(\s+server 127[^;]+;)+/, `\n${servers}`)
    .replace('listen 127.0.0.1:8080;', `listen 127.0.0.1:${port};\nadd_header X-Replica $upstream_addr always;`)
    .replace('http {', `http {\naccess_log off;\n${paths.join('\n')}`);
  mkdirSync(join(folder, 'logs'), { recursive: true });
  writeFileSync(join(folder, 'nginx.conf'), config);
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf'), '-g', `daemon off; pid ${folder}/pid;`];
  const child = spawn('/usr/sbin/nginx', args, { stdio: 'ignore' });
  await untilItListens(port, 'nginx', child);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
