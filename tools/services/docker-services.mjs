import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RELEASES } from './plan.mjs';
import { run, runOrFail } from './run-command.mjs';

/** Why Docker cannot be used here, or nothing. */
export async function dockerObstacle() {
  const info = await run('docker', ['info'], { timeoutMs: 5000 });
  if (info.code === 127) return 'not installed';
  if (info.code !== 0) return 'installed, but no engine answers within 5 s';
  const compose = await run('docker', ['compose', 'version'], { timeoutMs: 5000 });
  return compose.code === 0 ? undefined : 'an engine answers, but the compose plugin is missing';
}

/** Names in compose.yaml. */
export const composeServices = (plan) => [...plan.postgres.map((version) => `postgres-${version}`), 'redis'];

/** What compose.yaml takes from the environment. */
export function composeEnvironment(plan, password) {
  return {
    SERVICES_POSTGRES_PASSWORD: password,
    SERVICES_POSTGRES_17_PORT: String(plan.ports[17]),
    SERVICES_POSTGRES_18_PORT: String(plan.ports[18]),
    SERVICES_REDIS_PORT: String(plan.ports.redis),
  };
}

/** The same services from container images, with compose.yaml. */
export function createDockerServices({ plan, checkout, progress }) {
  const passwordFile = join(plan.cacheDir, 'docker-password');

  async function compose(what, args) {
    const password = await readFile(passwordFile, 'utf8').catch(() => 'unset');
    const env = { ...process.env, ...composeEnvironment(plan, password) };
    return runOrFail(what, 'docker', ['compose', '-f', join(checkout, 'compose.yaml'), ...args], { env });
  }

  /** The image sets the password only when its volume is new, so it is made once and kept. */
  async function ensurePassword() {
    if (existsSync(passwordFile)) return;
    await mkdir(plan.cacheDir, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  }

  return {
    async up() {
      await ensurePassword();
      progress(`starting ${composeServices(plan).join(', ')} with Docker`);
      await compose('docker compose up', ['up', '-d', '--wait', '--wait-timeout', '180', ...composeServices(plan)]);
    },

    async down() {
      await compose('docker compose down', ['--profile', '*', 'down']);
      progress('stopped; the data volumes stay');
    },

    async running() {
      const names = (await compose('docker compose ps', ['--profile', '*', 'ps', '--services', '--status', 'running'])).split(
        '\n',
      );
      const password = await readFile(passwordFile, 'utf8').catch(() => '');
      const clusters = Object.keys(RELEASES)
        .map(Number)
        .filter((version) => names.includes(`postgres-${version}`))
        .map((version) => ({ name: `PostgreSQL ${version}`, version, port: plan.ports[version], password, detail: 'Docker' }));
      return names.includes('redis') ? [...clusters, { name: 'Redis', port: plan.ports.redis, detail: 'Docker' }] : clusters;
    },
  };
}
