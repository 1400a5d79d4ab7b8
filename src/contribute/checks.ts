import type { Change, ChangedFile, Commit } from './change.ts';

export type Outcome = true | false | 'not applicable';

export interface Check {
  readonly outcome: Outcome;
  /** What was looked at, or what is missing and how to mend it. */
  readonly reason: string;
}

export interface ContributionChecks {
  readonly has_tests: Check;
  readonly has_documentation: Check;
  readonly follows_conventions: Check;
  readonly security_reviewed: Check;
  readonly performance_tested: Check;
}

const paths = (pattern: RegExp) => (file: ChangedFile) => pattern.test(file.path);

const isSource = paths(/^src\/.+\.ts$/);
const isTest = paths(/^test\/.+\.test\.ts$/);
const isDocument = paths(/^(docs\/.+\.md|README\.md|CHANGELOG\.md)$/);
/** What users, operators and their clients see. */
const isPublic = paths(
  /^(migrations\/|src\/(cli|mcp\/(tools|prompts|resources|plugins|apps)|http\/dashboard)\/|src\/config\/schema\.ts|src\/core\/errors\.ts|src\/retail\/(tool-texts|prompts|metrics|tables|definition)\.ts)/,
);
/** What a wall stands on. */
const isSecurity = paths(
  /^(migrations\/|src\/(identity|vault|audit|proof)\/|src\/query\/(guard|approv|parse-sql|column-labels)|src\/postgres\/(tenant|scope|bootstrap|privilege|dangerous|embedded|owner-session|core-pieces)|src\/http\/(authenticate|host-guard|cors|https-only|request|malformed|security-headers|dashboard)|src\/mcp\/(admit-call|plugins)|src\/app\/(secrets|identity-edge|load-plugins|load-schema|schema-file|trusted-folder)|src\/telemetry\/mask|src\/config\/production-rules)/,
);
/** What every call passes. */
const isHot = paths(
  /^src\/(cache\/|query\/(?!explain|describe)|postgres\/(tenant|pool|prepared|fair-queue|connection|database)|mcp\/(direct-call|call-tool|streamable-http|tool-result|admit-call)|http\/(routes|listen|mcp-route|request-body|authenticate)|identity\/(authenticate|verify-token|recognise))/,
);

const notApplicable = (reason: string): Check => ({ outcome: 'not applicable', reason });

/** What can be told from the difference alone. `lint` is the linter's word on the changed files; undefined where it was not asked. */
export function checkContribution(change: Change, lint: boolean | undefined): ContributionChecks {
  return {
    has_tests: hasTests(change),
    has_documentation: hasDocumentation(change),
    follows_conventions: followsConventions(change, lint),
    security_reviewed: securityReviewed(change),
    performance_tested: performanceTested(change),
  };
}

function hasTests({ files }: Change): Check {
  const sources = files.filter((file) => isSource(file) && file.status !== 'deleted');
  if (sources.length === 0) return notApplicable('no source changed');
  const tests = files.filter((file) => isTest(file) && file.status !== 'deleted');
  const untested = sources.filter((source) => !tests.some((test) => covers(test, source)));
  if (untested.length === 0) return { outcome: true, reason: `each of ${count(sources, 'changed source')} has a changed test` };
  return {
    outcome: false,
    reason: `no changed test mirrors or imports ${listed(untested)}; add it under test/, path for path`,
  };
}

/** A test stands where its source does, or says which it imports. */
function covers(test: ChangedFile, source: ChangedFile): boolean {
  if (test.path === source.path.replace(/^src\/(.+)\.ts$/, 'test/$1.test.ts')) return true;
  return test.text?.includes(`/${source.path}'`) ?? false;
}

function hasDocumentation({ files }: Change): Check {
  const surface = files.filter(isPublic);
  if (surface.length === 0) return notApplicable('nothing changed that users or operators see');
  const documents = files.filter(isDocument);
  if (documents.length > 0) return { outcome: true, reason: `changed with it: ${listed(documents)}` };
  return { outcome: false, reason: `${listed(surface)} changed, and neither CHANGELOG.md nor a page of docs/ did` };
}

const mostSubject = 160;

function followsConventions({ commits, files }: Change, lint: boolean | undefined): Check {
  if (commits.length === 0 && files.length === 0) return notApplicable('nothing changed');
  const faults = commits.flatMap(subjectFaults);
  if (lint === false) faults.push('the linter refuses changed files (npm run lint)');
  if (faults.length > 0) return { outcome: false, reason: faults.join('; ') };
  const linted = lint === undefined ? 'the linter was not asked' : 'the linter agrees';
  return { outcome: true, reason: `${count(commits, 'commit')} in form, ${linted}` };
}

/** One imperative sentence, as `git log --oneline` shows them here. */
function subjectFaults({ subject }: Commit): string[] {
  const told = JSON.stringify(subject);
  if (/^(fixup|squash|amend)!|^wip\b/i.test(subject)) return [`${told} is not finished`];
  if (/^[a-z]+(\([^)]*\))?!?:/.test(subject)) return [`${told} has a prefix: write a plain sentence`];
  if (!/^\p{Lu}/u.test(subject)) return [`${told} does not begin with a capital`];
  if (subject.endsWith('.')) return [`${told} ends with a full stop`];
  return subject.length > mostSubject ? [`${told} is longer than ${mostSubject} characters`] : [];
}

function securityReviewed({ files, commits }: Change): Check {
  const touched = files.filter(isSecurity);
  if (touched.length === 0) return notApplicable('no wall was touched');
  const authors = new Set(commits.map(({ author }) => author));
  const reviewers = commits.flatMap(({ trailers }) => trailers['security-reviewed-by'] ?? []);
  const others = reviewers.filter((reviewer) => !authors.has(reviewer));
  if (others.length > 0) return { outcome: true, reason: `reviewed by ${[...new Set(others)].join(', ')}` };
  const own = reviewers.length > 0 ? ' (authors cannot review themselves)' : '';
  return {
    outcome: false,
    reason: `${listed(touched)} changed: somebody else looks at it and signs, "Security-Reviewed-By: Name <mail>" at the end of a commit${own}`,
  };
}

function performanceTested({ files, commits }: Change): Check {
  const hot = files.filter(isHot);
  if (hot.length === 0) return notApplicable('nothing on the path of every call changed');
  const results = files.filter(({ path }) => /^(bench\/results\/|docs\/performance\.md$)/.test(path));
  if (results.length > 0) return { outcome: true, reason: `measured: ${listed(results)}` };
  const told = commits.flatMap(({ trailers }) => trailers.benchmark ?? []);
  if (told.length > 0) return { outcome: true, reason: `measured: ${told.join('; ')}` };
  return {
    outcome: false,
    reason: `${listed(hot)} changed: run npm run bench and write what it said, "Benchmark: …" at the end of a commit, or a file in bench/results/`,
  };
}

const count = (things: readonly unknown[], name: string) => `${things.length} ${name}${things.length === 1 ? '' : 's'}`;

function listed(files: readonly ChangedFile[]): string {
  const shown = files.slice(0, 5).map(({ path }) => path);
  return `${shown.join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''}`;
}
