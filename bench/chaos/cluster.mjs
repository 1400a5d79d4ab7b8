// PostgreSQL servers of a run's own, to be killed: inside the root of `npm run services:up`.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../installation.mjs';
import { BenchError } from '../places.mjs';
import { freePort } from '../servers/child.mjs';

const programs = ['pg_dump', 'pg_restore'];

/** @param {string} root */
export async function startClusterPair(root) {
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+)/m.exec(readFileSync(join(root, 'etc/passwd'), 'utf8')) ?? [];
  const folder = `/tmp/zavachaos-${randomBytes(5).toString('hex')}`;
  const inRoot = (program, args) => [
    `--userspec=${uid}:${gid}`,
    ...['--groups=', root, `/usr/lib/postgresql/17/bin/${program}`, ...args],
  ];
  const run = (program, args) => {
    const { status, stderr } = spawnSync('chroot', inRoot(program, args), { encoding: 'utf8', env: { PATH: process.env.PATH } });
    if (status !== 0) throw new BenchError(`${program}: ${stderr}`);
  };
  const primary = postgres({ root, inRoot, data: `${folder}/primary`, port: await freePort() });
  const standby = postgres({ root, inRoot, data: `${folder}/standby`, port: await freePort() });
  const stop = async () => {
    await standby.kill('SIGINT');
    await primary.kill('SIGINT');
    rmSync(join(root, folder), { recursive: true, force: true });
  };
  try {
    run('initdb', [
      ...[
        `--pgdata=${folder}/primary`,
        '--username=postgres',
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
        '--no-sync',
      ],
      ...['fsync=off', 'max_connections=100', 'shared_preload_libraries=pg_stat_statements'].flatMap((one) => ['--set', one]),
    ]);
    await primary.start();
    return {
      primary,
      standby,
      /** A copy of the primary as it is now, which follows it from here on. */
      async startStandby() {
        const from = `host=127.0.0.1 port=${primary.port} user=postgres`;
        run('pg_basebackup', [
          ...['-D', `${folder}/standby`, '-d', from, '--write-recovery-conf', '--checkpoint=fast', '--no-sync'],
        ]);
        await standby.start();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function postgres({ root, inRoot, data, port }) {
  let child;
  const adminUrl = new URL(`postgres://postgres@127.0.0.1:${port}/postgres`);
  const answers = () =>
    connect({ name: 'postgres', adminUrl }).then(
      async (client) => {
        await client.end();
        return true;
      },
      () => false,
    );
  return {
    port,
    adminUrl,
    async start() {
      rmSync(join(root, data, 'postmaster.pid'), { force: true });
      const args = ['-D', data, '-p', String(port), '-k', '', '-h', '127.0.0.1'];
      child = spawn('chroot', inRoot('postgres', args), { stdio: 'ignore', env: { PATH: process.env.PATH } });
      for (let attempt = 0; !(await answers()); attempt += 1) {
        if (attempt > 600 || child.exitCode !== null) throw new BenchError(`PostgreSQL in ${data} does not start`);
        await sleep(50);
      }
    },
    /** `SIGKILL`: as a machine that dies, children and all. @param {NodeJS.Signals} signal */
    async kill(signal) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      const children = signal === 'SIGKILL' ? childrenOf(child.pid) : [];
      child.kill(signal);
      for (const pid of children) endProcess(pid);
      await ended;
    },
  };
}

const childrenOf = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

function endProcess(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with its parent.
  }
}

/** A folder with those of PostgreSQL's programs that backups need, run by the root's own loader and libraries. @param {string} root @param {string} folder */
export function programsOf(root, folder) {
  const libraries = readdirSync(join(root, 'usr/lib')).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const loader = ['usr/lib64', 'usr/lib']
    .map((place) => join(root, place))
    .flatMap((place) => (existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : []))
    .find((path) => /\/ld-linux-[^/]*\.so\.\d$/.test(path));
  mkdirSync(folder, { recursive: true });
  for (const program of programs) {
    const binary = join(root, 'usr/lib/postgresql/17/bin', program);
    const path = join(folder, program);
    writeFileSync(
      path,
      `#!/bin/sh\nexec ${loader} --argv0 "$0" --library-path ${join(root, 'usr/lib', libraries)} ${binary} "$@"\n`,
    );
    chmodSync(path, 0o755);
  }
  return folder;
}
