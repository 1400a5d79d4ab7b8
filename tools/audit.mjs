#!/usr/bin/env node
// Known weaknesses of what is installed in production: fails from `high` on. A registry that cannot be asked is told, and is a failure
// with AUDIT_REQUIRED=true alone: a change can be checked without a network, and the pipelines have one.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  timeout: 120_000,
});

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const report = parsed(stdout);
const counts = report.metadata?.vulnerabilities;
if (counts === undefined) {
  const reason = report.error?.summary || report.message || 'no answer';
  console.warn(`NOT AUDITED: the registry gave no advisories (${String(reason).slice(0, 200)})`);
  process.exit(process.env.AUDIT_REQUIRED === 'true' ? 1 : 0);
}
for (const [name, { severity, via }] of Object.entries(report.vulnerabilities)) {
  const what = via.map((cause) => (typeof cause === 'string' ? `by ${cause}` : cause.title)).join('; ');
  console.log(`${severity}: ${name}: ${what}`);
}
const grave = counts.high + counts.critical;
console.log(`${counts.total} known weaknesses in production dependencies, ${grave} of them high or critical`);
process.exit(grave === 0 ? 0 : 1);
