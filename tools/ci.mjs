#!/usr/bin/env node
// Everything a change must pass, the same here and in the pipelines. `--installed`: the packages are there already.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const npm = (...args) => ['npm', 'run', '--silent', ...args];

/** One stage after the other; the steps of a stage get in nobody's way and run two at a time. */
const stages = [
  [
    ['services: PostgreSQL 17 and 18, Redis', ['node', 'tools/services.mjs', 'up', '--postgres', '17,18']],
    ['install', ['npm', 'ci', '--no-audit', '--no-fund']],
  ],
  [
    ['format, lint, import rules, unused code', npm('lint')],
    ['package', npm('package:check')],
    ['types', npm('types')],
    ['known weaknesses of what ships', npm('audit:dependencies')],
    ['licences of what ships', npm('audit:licences')],
    ['secrets', npm('audit:secrets')],
    ['bill of materials', npm('sbom')],
    ['Dockerfile', npm('image:lint')],
    ['copied code', npm('duplicates')],
  ],
  [
    [
      'tests, with coverage',
      ['npm', 'test', '--', '--coverage', '--reporter=default', '--reporter=json', '--outputFile.json=coverage/results.json'],
    ],
  ],
  // By itself: what it asks for is a share of what the machine can bear.
  [['three minutes of mixed load', npm('bench:soak', '--', '--minutes', '3')]],
];

process.env.CI = 'true';
let failed;

const now = () => Math.round(process.uptime());

/** What it says is shown when it ends, so that two steps never mix their lines; a step by itself is seen at work. */
async function run([name, [command, ...args]], byItself) {
  const started = now();
  if (byItself) console.log(`\n== ${name} (${started}s)`);
  const child = spawn(command, args, { stdio: byItself ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const status = await once(child, 'close').then(
    ([code]) => code,
    (error) => {
      said += error.message;
      return 1;
    },
  );
  if (!byItself) console.log(`\n== ${name} (${started}s to ${now()}s)\n${said.trimEnd()}`);
  if (status !== 0) failed ??= name;
}

/** Begins no step once one has failed, and lets the one beside it end. */
async function runStage(steps) {
  const waiting = [...steps];
  const work = async () => {
    while (failed === undefined && waiting.length > 0) await run(waiting.shift(), steps.length === 1);
  };
  await Promise.all([work(), work()]);
}

const wanted = (name) => name !== 'install' || !process.argv.includes('--installed');
for (const stage of stages) if (failed === undefined) await runStage(stage.filter(([name]) => wanted(name)));

if (failed === undefined || failed.startsWith('tests'))
  await run(['totals', ['node', 'tools/test-totals.mjs', 'coverage/results.json']], true);
if (failed !== undefined) {
  console.error(`failed: ${failed}`);
  process.exit(1);
}
