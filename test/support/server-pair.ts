import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe } from 'vitest';
import { freePort } from '../../src/app/server-workers.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';

const written = new URL('../../.services.env', import.meta.url);

/** Root file system with PostgreSQL's programs that `npm run services:up` made; absent where a Docker engine runs the services. */
function postgresRoot(): string | undefined {
  const { TEST_POSTGRES_ROOT } = process.env;
  if (TEST_POSTGRES_ROOT !== undefined) return TEST_POSTGRES_ROOT;
  return existsSync(written) ? /^TEST_POSTGRES_ROOT=(.*)$/m.exec(readFileSync(written, 'utf8'))?.[1] : undefined;
}

/** Tests with two PostgreSQL servers of their own. Where they cannot be started, the report says so. */
export function onTwoServers(subject: string, tests: () => void): void {
  const able = postgresRoot() !== undefined && process.getuid?.() === 0;
  if (!able && process.env.CI === 'true') throw new Error('no TEST_POSTGRES_ROOT: two servers cannot be started');
  describe.skipIf(!able)(able ? subject : `${subject} (skipped: no TEST_POSTGRES_ROOT, or not root)`, tests);
}

export interface OwnServer {
  readonly port: number;
  readonly adminUrl: string;
  start(): Promise<void>;
  /** `SIGKILL`: as a machine that dies, children and all; `SIGINT`: at once, and in order. */
  stop(signal: 'SIGKILL' | 'SIGINT'): Promise<void>;
  admin(database?: string): Promise<OwnerSession>;
}

/** A primary and its standby, by streaming replication: https://www.postgresql.org/docs/17/warm-standby.html */
export async function startServerPair() {
  const root = postgresRoot() ?? '';
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+)/m.exec(readFileSync(join(root, 'etc/passwd'), 'utf8')) ?? [];
  const version = /-(\d+)$/.exec(root)?.[1] ?? '17';
  const folder = `/tmp/zavatest-${randomBytes(5).toString('hex')}`;
  const inRoot = (program: string, args: readonly string[]) => [
    `--userspec=${uid}:${gid}`,
    ...['--groups=', root, `/usr/lib/postgresql/${version}/bin/${program}`, ...args],
  ];
  const run = (program: string, args: readonly string[]) => {
    const { status, stderr } = spawnSync('chroot', inRoot(program, args), { encoding: 'utf8', env: { PATH: process.env.PATH } });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
  };

  const server = (data: string, port: number): OwnServer => {
    let child: ChildProcess | undefined;
    const adminUrl = `postgres://postgres:none@127.0.0.1:${port}/postgres`;
    const admin = (database = 'postgres') =>
      openOwnerSession(
        { host: '127.0.0.1', port, database, sslMode: 'disable', applicationName: 'zava-tests' },
        { user: 'postgres', password: undefined },
      );
    return {
      port,
      adminUrl,
      admin,
      async start() {
        const args = ['-D', data, '-p', String(port), '-k', '', '-h', '127.0.0.1'];
        child = spawn('chroot', inRoot('postgres', args), { stdio: 'ignore', env: { PATH: process.env.PATH } });
        for (let attempt = 0; ; attempt += 1) {
          const session = await admin().catch(() => undefined);
          if (session !== undefined) return session.close();
          if (attempt > 300 || child.exitCode !== null) throw new Error(`the server in ${data} does not start`);
          await delay(50);
        }
      },
      async stop(signal) {
        if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        const children = signal === 'SIGKILL' ? childrenOf(child.pid) : [];
        child.kill(signal);
        for (const pid of children) kill(pid);
        await ended;
        await rm(join(root, data, 'postmaster.pid'), { force: true });
      },
    };
  };

  const primary = server(`${folder}/primary`, await freePort('127.0.0.1'));
  const standby = server(`${folder}/standby`, await freePort('127.0.0.1'));
  const settings = [
    'fsync=off',
    'max_connections=60',
    'hot_standby_feedback=off',
    'max_standby_streaming_delay=0',
    'autovacuum=off',
  ];
  run('initdb', [
    ...[`--pgdata=${folder}/primary`, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    ...[...settings, 'shared_preload_libraries=pg_stat_statements'].flatMap((one) => ['--set', one]),
  ]);
  await primary.start();
  const from = `host=127.0.0.1 port=${primary.port} user=postgres`;
  run('pg_basebackup', ['-D', `${folder}/standby`, '-d', from, '--write-recovery-conf', '--checkpoint=fast', '--no-sync']);
  await standby.start();
  return {
    primary,
    standby,
    async close() {
      await standby.stop('SIGINT');
      await primary.stop('SIGINT');
      await rm(join(root, folder), { recursive: true, force: true });
    },
  };
}
export type ServerPair = Awaited<ReturnType<typeof startServerPair>>;

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with its parent.
  }
}
