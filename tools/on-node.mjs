/**
 * Runs tests on another Node than the one at hand, from the npm registry:
 *
 *   npm run on-node -- 22                    the tests that need neither a database nor a built server
 *   npm run on-node -- 24 test/e2e           these
 *   npm run on-node -- 24 --all              all of them
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Pure parts, HTTP and MCP in front of functions, and one that starts everything on the embedded database. */
const quick = [
  'test/core',
  'test/config',
  'test/identity/verify-token',
  'test/mcp/',
  'test/http/',
  'test/query/guard',
  'test/vault/envelope',
  'test/e2e/stdio',
];

const [major, ...rest] = process.argv.slice(2);
if (!/^\d+$/.test(major ?? '')) {
  console.error('usage: npm run on-node -- <major> [--all | paths of tests]');
  process.exit(2);
}
const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const folder = join(root, `node_modules/.cache/${name}-${major}`);
const node = join(folder, 'node_modules', name, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
if (!existsSync(node)) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-save', `${name}@${major}`], folder);
}
await run(node, ['--version'], root);
const tests = rest[0] === '--all' ? [] : rest.length > 0 ? rest : quick;
// What a test starts is started by this Node, too.
const path = `${join(node, '..')}:${process.env.PATH}`;
await run(node, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...tests], root, { ...process.env, PATH: path });

function run(command, args, cwd, env = process.env) {
  return new Promise((resolve) => {
    spawn(command, args, { cwd, env, stdio: 'inherit' }).on('exit', (code) => (code === 0 ? resolve() : process.exit(code ?? 1)));
  });
}
