/**
 * Makes a version of what is "Unreleased" in CHANGELOG.md: writes it and the date wherever a version stands, commits and tags. A
 * maintainer pushes.
 *
 *   npm run make-version -- 1.2.0 [--dry-run]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { releasedChangelog, releaseFaults } from './make-version/changelog.mjs';
import { manifestsOfTheVersion, withVersion } from './make-version/manifests.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean', default: false } },
});
const version = positionals[0] ?? '';
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const changelog = readFileSync('CHANGELOG.md', 'utf8');

const faults = releaseFaults({
  version,
  current: manifest.version,
  changelog,
  branch: git('branch', '--show-current'),
  dirty: git('status', '--porcelain') !== '',
  tags: git('tag', '--list').split('\n'),
});
if (faults.length > 0) {
  for (const fault of faults) console.error(fault);
  process.exit(1);
}
const date = new Date().toISOString().slice(0, 10);
const released = releasedChangelog(changelog, version, date);
if (values['dry-run']) {
  console.log(released.slice(0, released.indexOf('\n## ', released.indexOf(`## ${version}`) + 4) + 1 || undefined));
  process.exit(0);
}
writeFileSync('CHANGELOG.md', released);
for (const path of manifestsOfTheVersion) writeFileSync(path, withVersion(readFileSync(path, 'utf8'), manifest.version, version));
execFileSync('npm', ['version', version, '--no-git-tag-version', '--allow-same-version'], { stdio: 'inherit' });
git('add', 'CHANGELOG.md', 'package.json', 'package-lock.json', ...manifestsOfTheVersion);
git('commit', '-m', `Release ${version}`);
git('tag', '-a', `v${version}`, '-m', `Version ${version}`);
console.log(`Made v${version}. Push it: git push --follow-tags`);
