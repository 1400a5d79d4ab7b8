import { describe, expect, test } from 'vitest';
import type { Change, ChangedFile, Commit } from '../../src/contribute/change.ts';
import { type ContributionChecks, checkContribution, type Outcome } from '../../src/contribute/checks.ts';

const file = (path: string, extras: Partial<ChangedFile> = {}): ChangedFile => ({ path, status: 'modified', ...extras });
const commit = (subject: string, extras: Partial<Commit> = {}): Commit => ({
  subject,
  author: 'Ann <ann@example.org>',
  trailers: {},
  ...extras,
});
const change = (files: (string | ChangedFile)[], commits: Commit[] = [commit('Say what a store sold')]): Change => ({
  files: files.map((one) => (typeof one === 'string' ? file(one) : one)),
  commits,
});
const signed = (by: string) => commit('Hold the wall', { trailers: { 'security-reviewed-by': [by] } });

/** Each of yes, no and not applicable, with words that its reason must have. */
const fixtures: Record<keyof ContributionChecks, [string, Change, Outcome, RegExp][]> = {
  has_tests: [
    [
      'a source with the test of its path',
      change(['src/cache/memory-store.ts', 'test/cache/memory-store.test.ts']),
      true,
      /1 changed source has/,
    ],
    [
      'a source that a changed test imports',
      change([
        'src/cache/memory-store.ts',
        file('test/cache/cache-stores.test.ts', { text: "from '../../src/cache/memory-store.ts';" }),
      ]),
      true,
      /has a changed test/,
    ],
    ['a source alone', change(['src/cache/memory-store.ts']), false, /mirrors or imports src\/cache\/memory-store\.ts/],
    [
      'the test of another source',
      change(['src/cache/memory-store.ts', 'test/cache/redis-store.test.ts']),
      false,
      /memory-store/,
    ],
    ['a path that has the word test in it', change(['src/cache/memory-store.ts', 'docs/testing.md']), false, /memory-store/],
    [
      'a source whose test was deleted',
      change(['src/cache/memory-store.ts', file('test/cache/memory-store.test.ts', { status: 'deleted' })]),
      false,
      /memory-store/,
    ],
    ['many sources alone', change(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `src/x/${name}.ts`)), false, /and 2 more/],
    ['documents alone', change(['README.md']), 'not applicable', /no source/],
    ['a deleted source', change([file('src/cache/memory-store.ts', { status: 'deleted' })]), 'not applicable', /no source/],
  ],
  has_documentation: [
    ['a verb with its page', change(['src/cli/serve.ts', 'docs/how-to/serve.md']), true, /docs\/how-to\/serve\.md/],
    ['a setting with the changelog', change(['src/config/schema.ts', 'CHANGELOG.md']), true, /CHANGELOG/],
    ['a tool alone', change(['src/mcp/tools/explain-access.ts']), false, /neither CHANGELOG\.md nor/],
    ['a migration alone', change([file('migrations/0099_more.sql', { status: 'added' })]), false, /0099/],
    ['what nobody outside sees', change(['src/query/parse-sql.ts']), 'not applicable', /nothing changed that users/],
  ],
  follows_conventions: [
    ['sentences', change(['README.md'], [commit('Say what a store sold'), commit('Ask once')]), true, /2 commits in form/],
    ['a subject with a prefix', change(['README.md'], [commit('feat(cli): add verb')]), false, /has a prefix/],
    ['a small beginning', change(['README.md'], [commit('say it')]), false, /capital/],
    ['a full stop', change(['README.md'], [commit('Say it.')]), false, /full stop/],
    [
      'work that is not finished',
      change(['README.md'], [commit('fixup! Say it'), commit('WIP')]),
      false,
      /not finished.*not finished/,
    ],
    ['a subject without an end', change(['README.md'], [commit(`Say ${'it '.repeat(80)}again`)]), false, /longer than/],
    ['nothing', change([], []), 'not applicable', /nothing changed/],
  ],
  security_reviewed: [
    ['a wall with somebody else’s word', change(['src/query/guard.ts'], [signed('Bo <bo@example.org>')]), true, /reviewed by Bo/],
    ['a wall alone', change(['src/query/guard-rules/sizes.ts']), false, /Security-Reviewed-By/],
    [
      'a wall with the author’s own word',
      change(['src/identity/authorize.ts'], [signed('Ann <ann@example.org>')]),
      false,
      /cannot review themselves/,
    ],
    ['a migration alone', change(['migrations/0099_more.sql']), false, /somebody else looks/],
    ['no wall', change(['src/search/catalogue.ts']), 'not applicable', /no wall/],
  ],
  performance_tested: [
    [
      'the path of every call with a result',
      change(['src/mcp/direct-call.ts', 'bench/results/2026-11-30.md']),
      true,
      /bench\/results/,
    ],
    [
      'the path of every call with what was measured',
      change(
        ['src/query/execute.ts'],
        [commit('Ask once', { trailers: { benchmark: ['Q1 5,100 calls/s before, 5,300 after'] } })],
      ),
      true,
      /Q1 5,100/,
    ],
    ['the path of every call alone', change(['src/cache/memory-store.ts']), false, /npm run bench/],
    ['what is asked now and then', change(['src/query/explain-access.ts', 'src/cli/serve.ts']), 'not applicable', /every call/],
  ],
};

for (const [name, cases] of Object.entries(fixtures) as [keyof ContributionChecks, (typeof fixtures)['has_tests']][]) {
  describe(name, () => {
    test.each(cases)('%s', (_what, given, outcome, reason) => {
      const check = checkContribution(given, undefined)[name];
      expect(check.outcome).toBe(outcome);
      expect(check.reason).toMatch(reason);
    });

    test('has each of its three answers here', () => {
      expect(new Set(cases.map(([, , outcome]) => outcome))).toEqual(new Set([true, false, 'not applicable']));
    });
  });
}

test('the linter’s word counts, and its silence is told', () => {
  const of = (lint: boolean | undefined) => checkContribution(change(['README.md']), lint).follows_conventions;
  expect(of(false)).toMatchObject({ outcome: false, reason: expect.stringContaining('linter refuses') });
  expect(of(true).reason).toContain('the linter agrees');
  expect(of(undefined).reason).toContain('was not asked');
});
