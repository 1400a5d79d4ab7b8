import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const root = join(folder, '../..');

/** Tools that few runs need have a lockfile of their own, so that nobody else's install pays for them. */
export async function installQualityTools() {
  const lock = await readFile(join(folder, 'package-lock.json'), 'utf8');
  const mark = join(folder, 'node_modules/.installed');
  if (existsSync(mark) && (await readFile(mark, 'utf8')) === lock) return;
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder });
  await writeFile(mark, lock);
}

/**
 * @param {'stryker' | 'jscpd' | 'typedoc'} name
 * @param {readonly string[]} args
 * @param {Record<string, string>} env
 */
export function runTool(name, args, env = {}) {
  return run(join(folder, 'node_modules/.bin', name), args, { cwd: root, env: { ...process.env, ...env } });
}

function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
  });
}
