import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { freePort } from '../../src/app/server-workers.ts';
import { until } from './redis.ts';

const executable = '/usr/sbin/nginx';

/** Without nginx the block is skipped, and says so; where CI is true its absence is a failure. */
export function behindNginx(subject: string, possible: boolean, tests: () => void): void {
  const able = existsSync(executable);
  if (!able && process.env.CI === 'true') throw new Error(`There is no ${executable}: apt-get install nginx`);
  describe.skipIf(!able || !possible)(able ? subject : `${subject} (skipped: apt-get install nginx)`, tests);
}

export interface Nginx {
  readonly url: string;
  close(): Promise<void>;
}

/** deploy/nginx.conf with these addresses in place of its own, and a header that names the replica behind each answer. */
export async function startNginx(ports: readonly number[]): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'zava-nginx-'));
  const port = await freePort('127.0.0.1');
  const shipped = await readFile(new URL('../../deploy/nginx.conf', import.meta.url), 'utf8');
  const servers = ports.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=5s;`).join('\n');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  const config = shipped
    .replace(/(\s+server 127[^;]+;)+/, `\n${servers}`)
    .replace('listen 127.0.0.1:8080;', `listen 127.0.0.1:${port};\nadd_header X-Replica $upstream_addr always;`)
    .replace('http {', `http {\naccess_log off;\n${paths.join('\n')}`);
  await mkdir(join(folder, 'logs'));
  await writeFile(join(folder, 'nginx.conf'), config);
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf'), '-g', `daemon off; pid ${folder}/pid;`];
  const child: ChildProcess = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  await until('nginx listens', async () => {
    if (child.exitCode !== null) throw new Error(`nginx: ${said}`);
    const socket = connect(port, '127.0.0.1');
    return once(socket, 'connect').then(
      () => Boolean(socket.destroy()),
      () => false,
    );
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGQUIT');
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 500))]);
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
