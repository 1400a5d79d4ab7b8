#!/usr/bin/env node
// Looks for credentials in the files under version control: shapes that are secrets wherever they stand. Exit code 1 with a finding.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const shapes = [
  ['private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=\s]{64,}/],
  ['Azure storage key', /AccountKey=[A-Za-z0-9+/]{86}==/],
  ['Azure client secret', /\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}\b/],
  ['AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b/],
  ['npm token', /\bnpm_[A-Za-z0-9]{36}\b/],
  ['OpenAI key', /\bsk-(?:proj-)?[A-Za-z0-9]{32,}\b/],
  ['Slack webhook', /hooks\.slack\.com\/services\/T[A-Z0-9]{8,}\/B[A-Z0-9]{8,}\/[A-Za-z0-9]{24}/],
  ['Slack token', /\bxox[abprs]-[0-9A-Za-z-]{20,}/],
  ['Application Insights key', /InstrumentationKey=(?!0{8}-)[0-9a-f]{8}-[0-9a-f-]{27}/i],
];

/** Findings of one text: what and in which line, never the secret itself. */
export function secretsIn(text) {
  return shapes.flatMap(([what, shape]) => {
    const match = shape.exec(text);
    return match === null ? [] : [{ what, line: text.slice(0, match.index).split('\n').length }];
  });
}

const largest = 5_000_000;

function trackedFiles(root) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((file) => file !== '' && statSync(new URL(file, root), { throwIfNoEntry: false })?.isFile());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = new URL('../', import.meta.url);
  const files = trackedFiles(root).filter((file) => statSync(new URL(file, root)).size <= largest);
  const findings = files.flatMap((file) =>
    secretsIn(readFileSync(new URL(file, root), 'latin1')).map(({ what, line }) => `${file}:${line}: ${what}`),
  );
  for (const finding of findings) console.error(finding);
  console.log(`${files.length} files looked through, ${findings.length} secrets found`);
  process.exit(findings.length === 0 ? 0 : 1);
}
