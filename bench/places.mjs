import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = fileURLToPath(new URL('..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'zava-mcp-server');
export const benchCache = join(cache, 'bench');
export const peersCache = join(cache, 'bench-peers');

export function progress(line) {
  console.error(`[${Math.round(process.uptime()).toString().padStart(4)} s] ${line}`);
}

/** What stops a benchmark for a reason that the person at the terminal can mend. */
export class BenchError extends Error {
  name = 'BenchError';
}

/** Addresses of the running PostgreSQL: .services.env, as `npm run services:up` writes it. */
export function services() {
  const path = join(checkout, '.services.env');
  const entries = existsSync(path) ? readFileSync(path, 'utf8').matchAll(/^([A-Z0-9_]+)=(.*)$/gm) : [];
  const found = Object.fromEntries([...entries].map(([, name, value]) => [name, value]));
  if (found.TEST_POSTGRES_ADMIN_URL === undefined)
    throw new BenchError('There is no PostgreSQL 17 to measure on: run npm run services:up.');
  return { adminUrl: new URL(found.TEST_POSTGRES_ADMIN_URL), root: found.TEST_POSTGRES_ROOT };
}

/** The environment without anything that could be a setting of a server. @param {Record<string, string>} env */
export function cleanEnvironment(env) {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].filter((name) => process.env[name] !== undefined);
  return { ...Object.fromEntries(kept.map((name) => [name, process.env[name]])), TZ: 'UTC', ...env };
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env: Record<string, string>, cwd?: string, loud?: boolean }} options loud: its standard error is shown as it comes
 * @returns {Promise<string>} standard output
 */
export function runCommand(command, args, { env, cwd, loud = false }) {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', loud ? 'inherit' : 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new BenchError(`${command} ${args.join(' ')} ended with ${code}\n${(stderr + stdout).slice(-2000)}`));
    });
  });
}
