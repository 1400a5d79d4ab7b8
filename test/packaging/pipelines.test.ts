import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = new URL('../../', import.meta.url).pathname;
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const scripts = JSON.parse(read('package.json')).scripts as Record<string, string>;
const workflows = readdirSync(`${root}.github/workflows`).map((name) => `.github/workflows/${name}`);
const nightlies = ['.github/workflows/nightly.yml', 'azure-pipelines-nightly.yml'];
const pipelines = [...workflows, 'azure-pipelines.yml', 'azure-pipelines-nightly.yml'];
const ofChanges = pipelines.filter((path) => !nightlies.includes(path));
const ci = read('tools/ci.mjs');

test.each(workflows)('%s is what GitHub takes, by its schema', (path) => {
  execFileSync(`${root}node_modules/.bin/action-validator`, [`${root}${path}`]);
});

test.each(workflows)(
  '%s pins every action to a commit, names its version, and gives itself no more rights than it needs',
  (path) => {
    const uses = [...read(path).matchAll(/uses: (.*)$/gm)].map(([, action]) => action);
    expect(uses.length).toBeGreaterThan(1);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const workflow = parse(read(path));
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values<Record<string, unknown>>(workflow.jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
  },
);

test.each(pipelines)('every script that %s calls is there', (path) => {
  const text = read(path);
  const called = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script as string);
  expect(called).toContain(nightlies.includes(path) ? 'nightly' : 'ci');
  expect(called.filter((script) => scripts[script] === undefined)).toEqual([]);
  for (const [, file] of text.matchAll(/(?:node|bash) (tools\/\S+\.(?:mjs|sh))/g))
    expect(existsSync(`${root}${file}`)).toBe(true);
});

test('every pipeline and the local run install the same programs, by the same script', () => {
  for (const path of [...pipelines, '.ci/run']) {
    expect(read(path)).toContain('bash tools/install-programs.sh');
    expect(read(path)).not.toContain('apt-get');
  }
});

test('what runs by night is one list, of which both pipelines take every step', () => {
  expect(scripts.nightly).toBe('node tools/nightly.mjs');
  const list = read('tools/nightly.mjs');
  const steps = [...list.matchAll(/^ {2}'?([\w-]+)'?: npm\('([\w:-]+)'/gm)];
  expect(steps.map(([, , script]) => script as string).filter((script) => scripts[script] === undefined)).toEqual([]);
  const alone = steps.map(([, name]) => name).filter((name) => name !== 'services');
  expect(parse(read('.github/workflows/nightly.yml')).jobs.step.strategy.matrix.step).toEqual(alone);
  const { matrix } = parse(read('azure-pipelines-nightly.yml')).jobs[0].strategy;
  expect(Object.values<{ step: string }>(matrix).map(({ step }) => step)).toEqual(alone);
});

test('what a change must pass is one list, which the pipelines, the local run and CONTRIBUTING share', () => {
  expect(scripts.ci).toBe('node tools/ci.mjs');
  expect(read('.ci/run')).toContain('exec node tools/ci.mjs');
  const called = [...ci.matchAll(/npm\('([\w:]+)'/g)].map(([, script]) => script as string);
  expect(called.filter((script) => scripts[script] === undefined)).toEqual([]);
  const needed = [
    'lint',
    'types',
    'audit:secrets',
    'audit:licences',
    'audit:dependencies',
    'sbom',
    'image:lint',
    'package:check',
  ];
  expect(called).toEqual(expect.arrayContaining(needed));
  expect(ci).toContain("'--coverage'");
});

test.each(ofChanges)('%s fails where the registry cannot be asked for known weaknesses', (path) => {
  expect(read(path)).toMatch(/AUDIT_REQUIRED: true/);
});

test('coverage is published as Cobertura and gated at 90 %', () => {
  const config = read('vitest.config.ts');
  expect(config).toMatch(/reporter: \[.*'cobertura'/);
  expect(config).toMatch(/thresholds: \{ lines: 90, branches: 90 \}/);
  for (const path of ['.github/workflows/ci.yml', 'azure-pipelines.yml'])
    expect(read(path)).toContain('coverage/cobertura-coverage.xml');
});

describe('an image', () => {
  const github = parse(read('.github/workflows/ci.yml')).jobs;
  const azure = parse(read('azure-pipelines.yml')).stages as {
    stage: string;
    condition: string;
    jobs: Record<string, unknown>[];
  }[];

  test('is built, scanned, listed, pushed, and from then on named by its digest', () => {
    for (const text of [read('.github/workflows/ci.yml'), read('azure-pipelines.yml')]) {
      const order = ['docker build', '--exit-code 1', '--format cyclonedx', 'docker push', 'RepoDigests', 'tools/release.mjs'];
      const places = order.map((step) => text.indexOf(step));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(places[0]).toBeGreaterThan(0);
      expect(text).not.toMatch(/:latest\b/);
    }
  });

  test('is released from main alone, after a person has agreed', () => {
    expect(github.deploy).toMatchObject({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's expression
      if: "${{ github.ref == 'refs/heads/main' }}",
      environment: 'production',
      needs: 'image',
    });
    const deploy = azure.find(({ stage }) => stage === 'Deploy');
    expect(deploy?.condition).toContain("eq(variables['Build.SourceBranch'], 'refs/heads/main')");
    expect(deploy?.jobs[0]).toMatchObject({ deployment: 'production', environment: 'production' });
  });

  test('is made for main and release branches', () => {
    expect(parse(read('.github/workflows/ci.yml')).on.push.branches).toEqual(['main', 'release/*']);
    expect(parse(read('azure-pipelines.yml')).trigger.branches.include).toEqual(['main', 'release/*']);
  });
});

describe('azure-pipelines.yml', () => {
  test('gives each step one thing to do, and its inputs where they belong', () => {
    const steps: Record<string, unknown>[] = [];
    const collect = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(collect);
      else if (typeof value === 'object' && value !== null) {
        const { steps: own } = value as { steps?: Record<string, unknown>[] };
        if (own !== undefined) steps.push(...own);
        Object.values(value).forEach(collect);
      }
    };
    collect(parse(read('azure-pipelines.yml')));
    expect(steps.length).toBeGreaterThan(10);
    for (const step of steps) {
      const kinds = ['task', 'script', 'checkout'].filter((kind) => kind in step);
      expect(kinds).toHaveLength(1);
      const allowed = ['task', 'script', 'checkout', 'name', 'displayName', 'inputs', 'env', 'condition'];
      expect(Object.keys(step).filter((key) => !allowed.includes(key))).toEqual([]);
      if ('task' in step) expect(step.task).toMatch(/^\w+@\d+$/);
    }
  });
});
