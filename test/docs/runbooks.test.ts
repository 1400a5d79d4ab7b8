import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { chaosFaults } from '../../bench/chaos/faults.mjs';
import { alertRules } from '../../src/alerts/rules.ts';
// @ts-expect-error plain JavaScript, without types
import { root } from '../../tools/docs/documents.mjs';

let page = '';
let rows: { runbook: string; tests: string }[] = [];
beforeAll(async () => {
  page = await readFile(join(root, 'docs/how-to/runbooks.md'), 'utf8');
  rows = [...page.matchAll(/^\| ([^|]+?) \| (`test\/.+) \|$/gm)].map(([, runbook = '', tests = '']) => ({ runbook, tests }));
});

test('every alert belongs to a runbook, and no runbook names one that is none', () => {
  const told = new Set([...page.matchAll(/^Alerts? (.+?)\./gm)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []));
  expect([...told].sort()).toEqual([...new Set(alertRules({ monthlyBudget: 1 }).map(({ name }) => name))].sort());
});

test('every runbook says what to do, when it is done, and which test makes it happen', () => {
  const sections = page.split(/^## /m).slice(1);
  const runbooks = sections.filter((section) => /^Alerts? /m.test(section));
  for (const section of runbooks) {
    expect(section).toMatch(/^1\. /m);
    expect(section).toMatch(/^Done when /m);
  }
  expect(rows.map(({ runbook }) => runbook)).toEqual(runbooks.map((section) => section.split('\n')[0]));
});

test('the tests that it names are there, and so are the faults of the chaos run', () => {
  const files = rows.flatMap(({ tests }) => [...tests.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path));
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const parts = { pair: { primary: {}, standby: {} }, line: {}, redis: {}, embedder: {}, target: {}, replicas: [] };
  const induced: string[] = chaosFaults(parts, () => {}).map(({ name }: { name: string }) => name.replace(/ (by|\().*$/, ''));
  const named = rows.flatMap(({ tests }) => /chaos\.test\.ts`: ([^·]+)/.exec(tests)?.[1]?.trim().split('; ') ?? []);
  expect(named.sort()).toEqual(induced.sort());
});
