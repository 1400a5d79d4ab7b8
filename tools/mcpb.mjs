#!/usr/bin/env node
// Packs the bundle that Claude Desktop installs with a click: the npm package with its dependencies, and packaging/manifest.json.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const mcpb = join(root, 'node_modules/.bin/mcpb');
const run = (command, args, cwd = root) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const work = mkdtempSync(join(tmpdir(), 'zava-mcpb-'));
try {
  run(mcpb, ['validate', 'packaging/manifest.json']);
  const [{ filename, version }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', work]));
  run('tar', ['-xzf', join(work, filename), '-C', work]);
  const bundle = join(work, 'package');
  cpSync(join(root, 'package-lock.json'), join(bundle, 'package-lock.json'));
  cpSync(join(root, 'packaging/manifest.json'), join(bundle, 'manifest.json'));
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], bundle);
  const target = join(root, `zava-mcp-server-${version}.mcpb`);
  run(mcpb, ['pack', bundle, target]);
  console.log(`${target}: ${(statSync(target).size / 1e6).toFixed(1)} MB`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
