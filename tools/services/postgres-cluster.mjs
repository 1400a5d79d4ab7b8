import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { insideRoot, runInRoot } from './debian-root.mjs';
import { ServicesError } from './plan.mjs';
import { assertPortIsFree } from './port-owner.mjs';
import { pidsWorkingIn } from './process-table.mjs';
import { lastLines } from './run-command.mjs';

// Paths as seen inside the root.
const HOME = '/srv/zava';
const DATA = `${HOME}/data`;
const LOG = `${HOME}/postgresql.log`;

/** Settings of a cluster that is tested against and thrown away. Pure. */
export function clusterSettings(port) {
  return [
    '# Written by services:up at every start.',
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    "unix_socket_directories = ''",
    'max_connections = 200',
    "shared_preload_libraries = 'pg_stat_statements'",
    '# A hundred databases are made here: with 5,000 a statement is forgotten while a test still wants to see it.',
    'pg_stat_statements.max = 50000',
    'wal_level = logical',
    'summarize_wal = on',
    '# Faster, and a crash of the machine may lose the data: never for production.',
    'fsync = off',
    '',
  ].join('\n');
}

/** postmaster.pid: line 1 the pid, line 4 the port. Pure. */
export function parsePostmasterPid(text) {
  const lines = text.split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

/** One PostgreSQL cluster inside a Debian root. */
export function createPostgresCluster({ root, version, progress }) {
  const label = `PostgreSQL ${version}`;
  const onHost = (path) => join(root, path);
  const postgres = (program, args, options) =>
    runInRoot(root, 'postgres', [`/usr/lib/postgresql/${version}/bin/${program}`, ...args], options);

  async function running() {
    const text = await readFile(onHost(`${DATA}/postmaster.pid`), 'utf8').catch(() => '');
    const { pid, port } = parsePostmasterPid(text);
    if (!pid || !port || !pidsWorkingIn(onHost(DATA)).includes(pid)) return undefined;
    return { name: label, version, port, password: await password(), root, detail: `pid ${pid}, ${onHost(DATA)}` };
  }

  const password = () => readFile(onHost(`${HOME}/password`), 'utf8');

  /** initdb works beside the final place too, for the same reason as the root. */
  async function ensureData() {
    if (existsSync(onHost(DATA))) return;
    progress(`${label}: creating an empty cluster`);
    const { uid, gid } = await insideRoot(root, 'postgres', []);
    await mkdir(onHost(HOME), { recursive: true, mode: 0o700 });
    await chown(onHost(HOME), uid, gid);
    await writeFile(onHost(`${HOME}/password`), randomBytes(24).toString('base64url'), { mode: 0o600 });
    await chown(onHost(`${HOME}/password`), uid, gid);
    const unfinished = `${DATA}.unfinished`;
    await rm(onHost(unfinished), { recursive: true, force: true });
    const options = [
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${HOME}/password`,
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ];
    await succeed('initdb', await postgres('initdb', [`--pgdata=${unfinished}`, ...options]));
    await appendFile(onHost(`${unfinished}/postgresql.conf`), "include 'zava.conf'\n");
    await rename(onHost(unfinished), onHost(DATA));
  }

  async function succeed(what, { code, output }) {
    if (code === 0) return;
    const log = await lastLines(onHost(LOG));
    throw new ServicesError(
      `${label}: ${what} failed (exit code ${code}):\n${output}\n${log}`,
      `The server's log: ${onHost(LOG)}`,
    );
  }

  async function writeSettings(port) {
    const path = onHost(`${DATA}/zava.conf`);
    const { uid, gid } = await insideRoot(root, 'postgres', []);
    await writeFile(path, clusterSettings(port), { mode: 0o600 });
    await chown(path, uid, gid);
  }

  /** After a hard kill the backends need a moment to end, and the pid file names nobody. */
  async function clearRemains() {
    const deadline = Date.now() + 30_000;
    while (pidsWorkingIn(onHost(DATA)).length > 0) {
      if (Date.now() > deadline) {
        const pids = pidsWorkingIn(onHost(DATA)).join(', ');
        throw new ServicesError(
          `${label}: a server that was killed left processes behind (pid ${pids}).`,
          'End them and run services:up again.',
        );
      }
      await sleep(100);
    }
    await rm(onHost(`${DATA}/postmaster.pid`), { force: true });
  }

  async function launch() {
    const options = ['--pgdata', DATA, '--log', LOG, '--wait', '--timeout', '60', '--silent'];
    await succeed('start', await postgres('pg_ctl', ['start', ...options]));
  }

  /** Ready means that a client with the password gets an answer over TCP. */
  async function signIn(port) {
    const args = ['-XAtq', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', 'SELECT 1', 'postgres'];
    const env = { PGPASSWORD: await password(), PGCONNECT_TIMEOUT: '10' };
    await succeed('signing in', await postgres('psql', args, { env, timeoutMs: 20_000 }));
  }

  return {
    running,

    async start(port) {
      const already = await running();
      if (already) {
        await signIn(already.port);
        progress(`${label}: already running on 127.0.0.1:${already.port}`);
        return;
      }
      await clearRemains();
      await assertPortIsFree(version, label, port);
      await ensureData();
      await writeSettings(port);
      await launch();
      await signIn(port);
      progress(`${label}: running on 127.0.0.1:${port}`);
    },

    async stop() {
      if (!(await running())) return progress(`${label}: not running`);
      await succeed('stop', await postgres('pg_ctl', ['stop', '--pgdata', DATA, '--mode', 'fast', '--wait', '--timeout', '60']));
      progress(`${label}: stopped`);
    },
  };
}
