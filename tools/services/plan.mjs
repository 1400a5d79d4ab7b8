import { homedir } from 'node:os';
import { join } from 'node:path';

/** The Debian release that carries each PostgreSQL together with its pgvector. */
export const RELEASES = {
  17: { suite: 'trixie', packages: ['postgresql-17', 'postgresql-17-pgvector', 'postgresql-17-hypopg', 'redis-server'] },
  18: {
    suite: 'forky',
    // From 18 on Debian packs the JIT provider apart.
    packages: ['postgresql-18', 'postgresql-18-jit', 'postgresql-18-pgvector', 'postgresql-18-hypopg', 'redis-server'],
  },
};

export const USAGE = `Usage: node tools/services.mjs up|down|status [--postgres 17,18]

  up       start PostgreSQL (17 unless told) and Redis on 127.0.0.1, write .services.env
  down     stop what up started; data stays
  status   say what runs; exit code 0 when everything asked for does

Environment: SERVICES_POSTGRES_17_PORT (54317), SERVICES_POSTGRES_18_PORT (54318), SERVICES_REDIS_PORT (56379),
SERVICES_BACKEND (docker or debian), SERVICES_DEBIAN_MIRROR (only where the machine's apt names no Debian mirror).`;

/** Something the person at the keyboard can put right; the hint says how. */
export class ServicesError extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** What is wanted, from the command line and the environment. Pure. */
export function loadPlan(argv, env) {
  const [command = 'help', ...rest] = argv;
  if (command === 'help' || command === '--help') return { command: 'help' };
  if (!['up', 'down', 'status'].includes(command)) throw new ServicesError(`Unknown command "${command}".`, USAGE);
  return {
    command,
    postgres: parseVersions(rest),
    ports: {
      17: parsePort(env, 'SERVICES_POSTGRES_17_PORT', 54317),
      18: parsePort(env, 'SERVICES_POSTGRES_18_PORT', 54318),
      redis: parsePort(env, 'SERVICES_REDIS_PORT', 56379),
    },
    backend: parseBackend(env.SERVICES_BACKEND),
    debianMirror: env.SERVICES_DEBIAN_MIRROR,
    cacheDir: join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'zava-mcp-server', 'services'),
  };
}

function parseVersions(args) {
  if (args.length === 0) return [17];
  const [flag, value] = args[0].includes('=') ? args[0].split('=') : args;
  const used = args[0].includes('=') ? 1 : 2;
  if (flag !== '--postgres' || !value || args.length > used) throw new ServicesError(`Cannot read "${args.join(' ')}".`, USAGE);
  const versions = [...new Set(value.split(',').map(Number))].sort();
  const unknown = versions.find((version) => !RELEASES[version]);
  if (unknown !== undefined) {
    throw new ServicesError(`PostgreSQL "${value}" is not offered.`, `Choose among ${Object.keys(RELEASES).join(', ')}.`);
  }
  return versions;
}

function parsePort(env, name, fallback) {
  const port = Number(env[name] || fallback);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new ServicesError(
    `${name}="${env[name]}" is not a port.`,
    `Give a number from 1 to 65535, or unset it to use ${fallback}.`,
  );
}

function parseBackend(value) {
  if (!value || value === 'docker' || value === 'debian') return value || undefined;
  throw new ServicesError(`SERVICES_BACKEND="${value}" is unknown.`, 'Use docker or debian, or unset it.');
}

export function portSetting(service) {
  return service === 'redis' ? 'SERVICES_REDIS_PORT' : `SERVICES_POSTGRES_${service}_PORT`;
}
