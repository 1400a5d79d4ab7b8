import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { findDebianMirror, loadAptSources, loadOsRelease } from './debian-mirror.mjs';
import { RELEASES, ServicesError } from './plan.mjs';
import { run, runOrFail } from './run-command.mjs';

const STAMP = 'zava-root-complete';
const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const ROOT_ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/** Where the root file system for a PostgreSQL version lies; it may not be there yet. */
export function rootPath(cacheDir, version) {
  return join(cacheDir, `debian-${RELEASES[version].suite}-postgresql-${version}`);
}

export function rootIsComplete(root) {
  return existsSync(join(root, STAMP));
}

/**
 * Makes the root once and keeps it. It is built beside its place and moved there when whole, so what lies under its
 * final name is never the remains of an interrupted creation.
 */
export async function ensureRoot({ plan, version, progress }) {
  const root = rootPath(plan.cacheDir, version);
  if (rootIsComplete(root)) return root;
  if (existsSync(root)) {
    throw new ServicesError(`${root} was not made by this tool.`, 'Move it away and run services:up again.');
  }
  await mkdir(plan.cacheDir, { recursive: true, mode: 0o700 });
  await removeUnfinished(root);
  const building = `${root}.unfinished-${process.pid}`;
  const logFile = `${root}.log`;
  await rm(logFile, { force: true });
  await bootstrap({ plan, version, building, logFile, progress });
  await installPackages({ version, building, logFile, progress });
  await writeFile(join(building, STAMP), `${RELEASES[version].packages.join('\n')}\n`);
  await rename(building, root);
  return root;
}

async function bootstrap({ plan, version, building, logFile, progress }) {
  const mirror = chooseMirror(plan);
  await ensureHostPackages(mirror, logFile, progress);
  const { suite } = RELEASES[version];
  progress(`PostgreSQL ${version}: unpacking a minimal Debian ${suite} (about a minute, once; log: ${logFile})`);
  const args = ['--variant=minbase', `--keyring=${mirror.keyring ?? DEBIAN_KEYRING}`];
  if (mirror.uri.startsWith('https:')) args.push('--include=ca-certificates');
  // The script is named because an older debootstrap knows no file for a newer release.
  args.push(suite, building, mirror.uri, '/usr/share/debootstrap/scripts/sid');
  await runOrFail(`Unpacking Debian ${suite}`, 'debootstrap', args, { env: { ...process.env, LC_ALL: 'C' }, logFile });
}

function chooseMirror(plan) {
  if (plan.debianMirror) return { uri: plan.debianMirror };
  const { ID, VERSION_CODENAME } = loadOsRelease();
  // A relative of Debian has mirrors of its own, which do not carry Debian's releases.
  const mirror = ID === 'debian' ? findDebianMirror(loadAptSources(), VERSION_CODENAME) : undefined;
  if (mirror) return mirror;
  throw new ServicesError(
    'The apt configuration in /etc/apt names no Debian mirror.',
    'Set SERVICES_DEBIAN_MIRROR to the URL of one.',
  );
}

async function ensureHostPackages(mirror, logFile, progress) {
  const missing = [
    ...(existsSync('/usr/sbin/debootstrap') ? [] : ['debootstrap']),
    ...(mirror.keyring || existsSync(DEBIAN_KEYRING) ? [] : ['debian-archive-keyring']),
  ];
  if (missing.length === 0) return;
  progress(`installing ${missing.join(' and ')} with apt`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runOrFail('apt-get update', 'apt-get', ['update'], { env, logFile });
  await runOrFail(`Installing ${missing.join(', ')}`, 'apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
    env,
    logFile,
  });
}

async function installPackages({ version, building, logFile, progress }) {
  const { packages } = RELEASES[version];
  progress(`PostgreSQL ${version}: installing ${packages.join(', ')} in it`);
  await prepareRoot(building);
  const env = { ...process.env, ...ROOT_ENV, DEBIAN_FRONTEND: 'noninteractive' };
  // Signatures are checked; their date is not, because mirrors of a testing release lag.
  // apt gives package scripts a PATH of its own, which would pass over /usr/local.
  const settings = ['-o', 'Acquire::Check-Valid-Until=false', '-o', `DPkg::Path=${ROOT_ENV.PATH}`];
  const apt = (...args) =>
    runOrFail(`apt-get ${args[0]} in ${building}`, 'chroot', [building, 'apt-get', ...settings, ...args], { env, logFile });
  await apt('update');
  await apt('install', '-y', '--no-install-recommends', ...packages);
  await apt('clean');
}

async function prepareRoot(root) {
  for (const path of ['/etc/resolv.conf', '/etc/hosts']) await copyFile(path, join(root, path));
  await mkdir(join(root, 'etc/postgresql-common'), { recursive: true });
  await writeFile(join(root, 'etc/postgresql-common/createcluster.conf'), 'create_main_cluster = false\n');
  // No package may start its server on a port of the machine.
  await writeFile(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  // The real one insists on a mounted /proc; nothing here needs the directories it would make.
  await writeFile(join(root, 'usr/local/sbin/systemd-tmpfiles'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  // Plain files stand in for the tmpfs, so POSIX shared memory (parallel query) works with nothing mounted.
  await chmod(join(root, 'dev/shm'), 0o1777);
}

async function removeUnfinished(root) {
  const prefix = `${basename(root)}.unfinished-`;
  for (const name of await readdir(dirname(root))) {
    if (name.startsWith(prefix)) await removeTree(join(dirname(root), name));
  }
}

/** debootstrap mounts /proc for a while; if it was killed then, deleting must not reach into the machine's own. */
async function removeTree(path) {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const inside = mounts
    .split('\n')
    .map((line) => line.split(' ')[1])
    .filter((point) => point?.startsWith(`${path}/`));
  for (const point of inside.reverse()) await runOrFail(`Unmounting ${point}`, 'umount', [point]);
  await runOrFail(`Deleting ${path}`, 'rm', ['-rf', '--one-file-system', path]);
}

/** The command line that runs a program inside the root as one of the root's own users. */
export async function insideRoot(root, user, argv) {
  const passwd = await readFile(join(root, 'etc/passwd'), 'utf8');
  const [, , uid, gid] =
    passwd
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name]) => name === user) ?? [];
  if (!uid)
    throw new ServicesError(
      `${root} has no user "${user}".`,
      'Run services:down, delete that directory and run services:up again.',
    );
  const args = [`--userspec=${uid}:${gid}`, '--groups=', root, ...argv];
  return { uid: Number(uid), gid: Number(gid), command: 'chroot', args, env: ROOT_ENV };
}

export async function runInRoot(root, user, argv, { env = {}, ...options } = {}) {
  const inside = await insideRoot(root, user, argv);
  return run(inside.command, inside.args, { env: { ...inside.env, ...env }, cwd: '/', ...options });
}
