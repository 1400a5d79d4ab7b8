import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import * as subject from '../../bench/workloads.mjs';

interface Workload {
  readonly id: string;
  readonly kind: string;
  readonly sameAs?: string;
  readonly parameters?: readonly (string | number)[];
  sql?(parameter: string | number): string;
}
const workloads: readonly Workload[] = subject.workloads;

test('every period that starts in the data ends in them too', () => {
  const starts: string[] = subject.startMonths(12);
  expect([starts[0], starts.at(-1), starts.length]).toEqual(['2020-01-01', '2025-01-01', 61]);
  expect(subject.monthsLater('2025-01-01', 12)).toBe('2026-01-01');
  expect(subject.monthsLater('2020-11-01', 3)).toBe('2021-02-01');
});

test('parameters differ from call to call, and so do the texts', () => {
  for (const { id, sql, parameters } of workloads) {
    if (sql === undefined) continue;
    const texts = (parameters ?? [1, 2, 3]).map((parameter) => sql(parameter));
    expect(new Set(texts).size, id).toBe(texts.length);
  }
});

test('the metrics tool is asked for whole months', () => {
  const workload = workloads.find(({ id }) => id === 'M3');
  expect(subject.metricsArguments(workload, '2023-12-01')).toMatchObject({ start_date: '2023-12-01', end_date: '2024-02-29' });
});

test('the figures looked for are those of the first and the last row, once', () => {
  const rows = [['a', '1.50'], ['b', '2.50'], ['c', '1.50']]; // biome-ignore format: a small table
  expect(subject.expectedOf({ key: 'name', figure: 1 }, rows)).toEqual({ rows: 3, needles: ['1.50'], key: 'name' });
});

test('workloads are chosen by id, and an unknown one is named', () => {
  expect(subject.chooseWorkloads('q1, Q4').map(({ id }: Workload) => id)).toEqual(['Q1', 'Q4']);
  expect(subject.chooseWorkloads(undefined)).toHaveLength(workloads.length);
  expect(() => subject.chooseWorkloads('Q1,Q9')).toThrow('There is no workload Q9');
});
