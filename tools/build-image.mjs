#!/usr/bin/env node
// Builds the container image: with a Docker engine as anybody would, or without one by buildah, on a Debian root file system
// made here (docs/how-to/run-the-container.md). Usage: node tools/build-image.mjs [tag]
import { existsSync, realpathSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDebianMirror, loadAptSources, loadOsRelease } from './services/debian-mirror.mjs';
import { endCommandsOnSignal, run, runOrFail } from './services/run-command.mjs';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'zava-mcp-server/image');
const localBase = 'localhost/zava-node-base:local';
/** Files stand in for overlay mounts, and chroot for a container runtime: both work as root inside another container. */
const storage = ['--root', join(cache, 'storage'), '--runroot', join(cache, 'run'), '--storage-driver', 'vfs'];

const say = (line) => console.log(`[${Math.round(process.uptime())} s] ${line}`);
const buildah = (what, args) => runOrFail(what, 'buildah', [...storage, ...args], { cwd: checkout });

/** Debian 13 with this machine's Node.js: what the official image is, but for its version of Node. */
async function debianRoot() {
  const root = join(cache, 'base');
  if (existsSync(root)) return root;
  const building = `${root}.unfinished`;
  await rm(building, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  const mirror = findDebianMirror(loadAptSources(), loadOsRelease().VERSION_CODENAME) ?? { uri: 'http://deb.debian.org/debian' };
  say('unpacking a minimal Debian trixie (once)');
  const script = '/usr/share/debootstrap/scripts/sid';
  await runOrFail('debootstrap', 'debootstrap', [
    '--variant=minbase',
    '--include=ca-certificates',
    'trixie',
    building,
    mirror.uri,
    script,
  ]);
  await cp(process.execPath, join(building, 'usr/local/bin/node'), { dereference: true });
  const npm = join(realpathSync(join(process.execPath, '../npm')), '../..');
  await cp(npm, join(building, 'usr/local/lib/node_modules/npm'), { recursive: true });
  await writeFile(
    join(building, 'usr/local/bin/npm'),
    '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
    {
      mode: 0o755,
    },
  );
  // A machine behind a proxy of its own trusts more than Debian does; the build must reach the same registries.
  const trusted = await readFile('/etc/ssl/certs/ca-certificates.crt', 'utf8');
  await writeFile(join(building, 'etc/ssl/certs/ca-certificates.crt'), trusted);
  await rename(building, root);
  return root;
}

async function haveLocalBase() {
  const { code } = await run('buildah', [...storage, 'inspect', '--type', 'image', localBase]);
  if (code === 0) return;
  const root = await debianRoot();
  say('importing it as a base image (once)');
  const container = await buildah('An empty container', ['from', 'scratch']);
  await buildah('Copying the root', ['add', '--quiet', container, root, '/']);
  await buildah('Settings of the base', ['config', '--env', 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt', container]);
  await buildah('Keeping the base', ['commit', '--rm', '--quiet', container, localBase]);
}

async function main(tag = 'zava-mcp-server:local') {
  endCommandsOnSignal();
  const docker = await run('docker', ['info'], { timeoutMs: 5000 });
  if (docker.code === 0) {
    await runOrFail('docker build', 'docker', ['build', '--tag', tag, checkout]);
  } else {
    await haveLocalBase();
    say('building');
    await buildah('buildah', ['bud', '--isolation', 'chroot', '--from', localBase, '--format', 'docker', '--tag', tag, checkout]);
  }
  say(`built ${tag} with ${docker.code === 0 ? 'docker' : `buildah, on ${localBase} in place of the pinned base`}`);
}

await main(process.argv[2]);
