#!/usr/bin/env node
// Everything a change must pass, step by step, the same here and in the pipelines. `--installed`: the packages are there already.
import { spawnSync } from 'node:child_process';

const npm = (...args) => ['npm', 'run', '--silent', ...args];

const steps = [
  ['install', ['npm', 'ci', '--no-audit', '--no-fund']],
  ['format, lint, import rules, unused code', npm('lint')],
  ['types', npm('types')],
  ['secrets', npm('audit:secrets')],
  ['licences of what ships', npm('audit:licences')],
  ['known weaknesses of what ships', npm('audit:dependencies')],
  ['bill of materials', npm('sbom')],
  ['Dockerfile', npm('image:lint')],
  ['package', npm('package:check')],
  ['services: PostgreSQL 17 and 18, Redis', npm('services:up', '--', '--postgres', '17,18')],
  [
    'tests, with coverage',
    ['npm', 'test', '--', '--coverage', '--reporter=default', '--reporter=json', '--outputFile.json=coverage/results.json'],
  ],
];

process.env.CI = 'true';
let failed;
for (const [name, [command, ...args]] of process.argv.includes('--installed') ? steps.slice(1) : steps) {
  console.log(`\n== ${name} (${Math.round(process.uptime())}s)`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) {
    failed = name;
    break;
  }
}
console.log('\n== totals');
if (failed === undefined || failed.startsWith('tests'))
  spawnSync('node', ['tools/test-totals.mjs', 'coverage/results.json'], { stdio: 'inherit' });
if (failed !== undefined) {
  console.error(`failed: ${failed}`);
  process.exit(1);
}
