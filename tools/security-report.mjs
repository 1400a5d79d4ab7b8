// Runs the attacks of test/security and prints what each one was answered. Arguments narrow the run as vitest's own do.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = 'test/security';
const widths = { attack: 72, suite: 44, answer: 56 };
const outcomes = { passed: 'held', failed: 'BROKEN' };

/** One row an attack, out of a vitest JSON report. The answer is what the test saw; not every test records one. */
export function attackRows(report) {
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ title, ancestorTitles, status, meta }) => ({
      attack: title,
      suite: [basename(name, '.test.ts'), ...ancestorTitles].join(': '),
      answer: meta?.answer ?? '-',
      outcome: outcomes[status] ?? 'not run',
    })),
  );
}

/** Suites that did not even load have no test that could fail. */
export function brokenSuites(report) {
  return report.testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(({ name, message }) => `${basename(name)}: ${cell(message ?? 'did not run', 120)}`);
}

export function formatReport(rows, broken = []) {
  const line = ({ attack, suite, answer, outcome }) =>
    [cell(attack, widths.attack), cell(suite, widths.suite), cell(answer, widths.answer), outcome].join('  ').trimEnd();
  const head = line({ attack: 'ATTACK', suite: 'SUITE', answer: 'ANSWER', outcome: 'RESULT' });
  return `${[head, ...rows.map(line), '', ...broken.map((suite) => `BROKEN SUITE ${suite}`), totals(rows)].join('\n')}\n`;
}

function totals(rows) {
  const count = (outcome) => rows.filter((row) => row.outcome === outcome).length;
  const answered = rows.filter(({ answer }) => answer !== '-').length;
  return (
    `${rows.length} checks: ${count('held')} held, ${count('BROKEN')} broken, ${count('not run')} not run; ` +
    `${answered} with the answer recorded`
  );
}

/** Nothing held, or anything broke: no proof of anything. */
export function exitCode(rows, broken) {
  const held = rows.some(({ outcome }) => outcome === 'held');
  return held && broken.length === 0 && rows.every(({ outcome }) => outcome !== 'BROKEN') ? 0 : 1;
}

/** One line of printable text: attacks are full of control characters, and this goes to a terminal. */
function cell(text, width) {
  const printable = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').replace(/ +/g, ' ');
  return (printable.length > width ? `${printable.slice(0, width - 1)}…` : printable).padEnd(width);
}

function main(filters) {
  const scratch = mkdtempSync(join(tmpdir(), 'security-report-'));
  const file = join(scratch, 'report.json');
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
  const chosen = filters.length > 0 ? filters : [`${folder}/`];
  const argv = [vitest, 'run', ...chosen, '--reporter=json', `--outputFile=${file}`];
  try {
    const { status } = spawnSync(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const [rows, broken] = [attackRows(report), brokenSuites(report)];
    process.stdout.write(formatReport(rows, broken));
    return status === 0 ? exitCode(rows, broken) : 1;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main(process.argv.slice(2));
