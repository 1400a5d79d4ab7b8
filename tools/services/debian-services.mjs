import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadOsRelease } from './debian-mirror.mjs';
import { ensureRoot, rootIsComplete, rootPath } from './debian-root.mjs';
import { RELEASES, ServicesError } from './plan.mjs';
import { createPostgresCluster } from './postgres-cluster.mjs';
import { createRedisServer } from './redis-server.mjs';

/** Why this machine cannot run the services from Debian's packages, or nothing. */
export function debianObstacle() {
  const { ID = process.platform, ID_LIKE = '' } = loadOsRelease();
  if (![ID, ...ID_LIKE.split(' ')].includes('debian')) return `this is ${ID}, not Debian or a relative`;
  if (process.getuid() !== 0) return 'chroot and debootstrap need root';
  return undefined;
}

/** PostgreSQL and Redis out of Debian's own packages, each in a root file system of its release. */
export function createDebianServices({ plan, progress }) {
  const redis = createRedisServer({ cacheDir: plan.cacheDir, progress });
  const clusterFor = (version) => createPostgresCluster({ root: rootPath(plan.cacheDir, version), version, progress });
  const clusters = () =>
    Object.keys(RELEASES)
      .map(Number)
      .filter((version) => rootIsComplete(rootPath(plan.cacheDir, version)))
      .map(clusterFor);

  return {
    up: () =>
      withLock(plan.cacheDir, progress, async () => {
        for (const version of plan.postgres) {
          await ensureRoot({ plan, version, progress });
          await clusterFor(version).start(plan.ports[version]);
        }
        await redis.start(rootPath(plan.cacheDir, plan.postgres[0]), plan.ports.redis);
      }),

    down: () =>
      withLock(plan.cacheDir, progress, async () => {
        for (const cluster of clusters()) await cluster.stop();
        await redis.stop();
      }),

    async running() {
      const all = await Promise.all([...clusters(), redis].map((service) => service.running()));
      return all.filter(Boolean);
    },
  };
}

/** flock(1) holds the lock while its standard input is open: it goes with this process, however that ends. */
async function withLock(cacheDir, progress, work) {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  const holder = spawn('flock', [join(cacheDir, 'lock'), 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = setTimeout(() => progress('waiting for another services command to finish'), 1000);
  const first = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]).finally(() => clearTimeout(waiting));
  if (String(first[0]).trim() !== 'locked')
    throw new ServicesError('flock could not lock.', `Check that ${cacheDir} can be written.`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
  }
}
