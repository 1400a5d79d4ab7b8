#!/usr/bin/env node
/**
 * What takes too long for every change, step by step, the same here and in the pipelines of the night:
 *
 *   npm run nightly                          all of it (hours)
 *   npm run nightly -- fuzz soak             these alone
 *
 * A step that fails does not keep the others from running; the exit code tells of it at the end.
 */
import { spawnSync } from 'node:child_process';

const npm = (...args) => ['npm', 'run', '--silent', ...args];

const steps = {
  services: npm('services:up', '--', '--postgres', '17,18'),
  'node-22': npm('on-node', '--', '22', '--all'),
  'node-24': npm('on-node', '--', '24', '--all'),
  fuzz: npm('fuzz', '--', '--statements', '1000000'),
  soak: npm('bench:soak', '--', '--minutes', '30'),
  chaos: npm('bench:chaos'),
  mutation: npm('mutation'),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`Steps are ${Object.keys(steps).join(', ')}; not ${unknown.join(', ')}`);
  process.exit(2);
}

const outcomes = [];
for (const name of asked.length > 0 ? asked : Object.keys(steps)) {
  console.log(`\n== ${name} (${Math.round(process.uptime())}s)`);
  const [command, ...args] = steps[name];
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  outcomes.push({ name, passed: status === 0 });
}
console.log('\n== totals');
for (const { name, passed } of outcomes) console.log(`${passed ? 'passed' : 'FAILED'}  ${name}`);
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;
