import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { releasedChangelog, releaseFaults } from '../../tools/make-version/changelog.mjs';
// @ts-expect-error plain JavaScript, without types
import { manifestsOfTheVersion, withVersion } from '../../tools/make-version/manifests.mjs';

const changelog = '# Changelog\n\n## Unreleased\n\n### Added\n- more\n\n## 0.9.0 - 2026-01-01\n- less\n';
const sound = { version: '1.2.0', current: '1.1.9', changelog, branch: 'main', dirty: false, tags: ['v1.1.9'] };

test('a sound release has nothing in its way', () => {
  expect(releaseFaults(sound)).toEqual([]);
  expect(releaseFaults({ ...sound, version: '1.1.9', tags: [] })).toEqual([]);
});

test.each([
  ['no version', { version: '' }, /no version/],
  ['another form', { version: 'v1.2' }, /no version/],
  ['one before', { version: '1.1.8' }, /before 1\.1\.9/],
  ['another branch', { branch: 'work' }, /on main/],
  ['something not committed', { dirty: true }, /commit/],
  ['a release that was', { tags: ['v1.2.0'] }, /released before/],
  ['nothing to tell', { changelog: '## Unreleased\n\n## 0.9.0\n- less\n' }, /nothing under/],
  ['no heading', { changelog: '' }, /nothing under/],
])('%s stands in its way', (_what, change, told) => {
  expect(releaseFaults({ ...sound, ...change }).join()).toMatch(told);
});

test('what is unreleased becomes the version, and room is left for what comes', () => {
  expect(releasedChangelog(changelog, '1.2.0', '2026-11-26')).toContain(
    '## Unreleased\n\n## 1.2.0 - 2026-11-26\n\n### Added\n- more\n',
  );
});

test('the manifests of registry and desktop bundle go along', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  for (const path of manifestsOfTheVersion) {
    const { version: top, packages = [] } = JSON.parse(withVersion(read(path), version, '9.8.7'));
    expect([top, ...packages.map((one: { version: string }) => one.version)]).toEqual(
      Array.from({ length: packages.length + 1 }, () => '9.8.7'),
    );
  }
});
