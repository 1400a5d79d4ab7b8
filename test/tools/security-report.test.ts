import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { attackRows, brokenSuites, exitCode, formatReport } from '../../tools/security-report.mjs';

const result = (title: string, status: string, answer?: string) => ({
  title,
  status,
  ancestorTitles: ['the key'],
  meta: answer === undefined ? {} : { answer },
});
const reportOf = (...assertionResults: object[]) => ({
  testResults: [{ name: '/checkout/test/security/token-attacks.test.ts', status: 'passed', assertionResults }],
});
const held = result('of another', 'passed', '401 unauthenticated');

test('each attack has its line: what was tried, where, what the server answered, and whether that held', () => {
  const [head, row, blank, totals] = formatReport(attackRows(reportOf(held))).split('\n');
  expect(head.split(/ {2,}/)).toEqual(['ATTACK', 'SUITE', 'ANSWER', 'RESULT']);
  expect(row.split(/ {2,}/)).toEqual(['of another', 'token-attacks: the key', '401 unauthenticated', 'held']);
  expect(head.indexOf('ANSWER')).toBe(row.indexOf('401'));
  expect([blank, totals]).toEqual(['', '1 checks: 1 held, 0 broken, 0 not run; 1 with the answer recorded']);
});

test('what broke, what did not run and what recorded nothing are told apart', () => {
  const rows = attackRows(reportOf(held, result('a', 'failed', '200'), result('b', 'skipped'), result('c', 'passed')));
  expect(rows.map(({ answer, outcome }: Record<string, string>) => [answer, outcome])).toEqual([
    ['401 unauthenticated', 'held'],
    ['200', 'BROKEN'],
    ['-', 'not run'],
    ['-', 'held'],
  ]);
  expect(formatReport(rows)).toContain('4 checks: 2 held, 1 broken, 1 not run; 2 with the answer recorded');
});

test('names of attacks cannot write to the terminal, and long ones are cut', () => {
  const text: string = formatReport(attackRows(reportOf(result(`\u001b[2K\r\n\u2028${'x'.repeat(200)}`, 'passed', 'a\0b'))));
  expect(text.split('\n')).toHaveLength(5);
  expect(text).toMatch(/^\?\[2K\?\?\?x+…/m);
  expect(text).toContain('a?b');
});

test('only a run in which something held and nothing broke exits with 0', () => {
  const codeOf = (...results: object[]) => exitCode(attackRows(reportOf(...results)), []);
  expect(codeOf(held)).toBe(0);
  expect(codeOf(held, result('a', 'failed'))).toBe(1);
  expect(codeOf(result('b', 'skipped'))).toBe(1);
  expect(codeOf()).toBe(1);
});

test('a suite that did not load is a failure of its own', () => {
  const name = '/checkout/test/security/a.test.ts';
  const broken = brokenSuites({ testResults: [{ name, status: 'failed', message: 'no\nmodule', assertionResults: [] }] });
  expect(broken).toEqual([expect.stringMatching(/^a\.test\.ts: no\?module/)]);
  expect(exitCode(attackRows(reportOf(held)), broken)).toBe(1);
  expect(formatReport([], broken)).toContain('BROKEN SUITE a.test.ts: no?module');
});
