import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { judge } from '../../bench/bars.mjs';
// @ts-expect-error plain JavaScript, without types
import { executionsOf, medians } from '../../bench/measure.mjs';
// @ts-expect-error plain JavaScript, without types
import { renderReport, table, withMemory } from '../../bench/report.mjs';

const load = (server: string, callsPerSecond: number, more = {}) => ({
  server,
  workload: 'Q1',
  concurrency: 16,
  callsPerSecond,
  serverCpuUs: 200,
  p50: 1.5,
  p95: 2,
  p99: 3,
  errors: 0,
  bytes: 188,
  ...more,
});

const report = {
  name: 'peers',
  date: '2026-11-22',
  machine: {
    processor: '2 x CPU',
    memoryGib: 24,
    system: 'Linux',
    node: 'v20',
    loadAtStart: 0.5,
    version: '0.1.0',
    commit: 'abc',
    postgresql: { server_version: '17.1', shared_buffers: '128MB', fsync: 'off' },
  },
  tenant: { name: 'Zava Retail Seattle' },
  settings: { 'this server': { CACHE_TTL_SECONDS: '0' } },
  options: { rounds: 3, seconds: 4, concurrency: [16] },
  workloads: [{ id: 'Q1', title: 'point lookup' }],
  servers: { ours: { title: 'this server', tools: ['a'], coldStartMs: 400 }, toolbox: { title: 'MCP Toolbox' } },
  results: [
    load('ours', 3000),
    load('toolbox', 2000, { errors: 2, samples: ['status 500: oh | no'] }),
    { server: 'pgbench-ours', workload: 'Q1', concurrency: 16, callsPerSecond: 6000, errors: 0, mean: 2.5 },
    { server: 'dbhub', workload: 'Q1', obstacle: '3 wrong answers' },
  ],
};

test('a report tells conditions, bars, ratios, wrong answers and who could not take part', () => {
  const text: string = renderReport(report);
  expect(text).toContain('# Benchmark: peers, 2026-11-22');
  expect(text).toContain('| Q1: calls/s against MCP Toolbox (toolbox) | 16 | >= 1.3 | 1.50 | yes |');
  expect(text).toContain('| Q1: server CPU a call, us | 16 | <= 150 | 200 | no, off by 1.33 x |');
  expect(text).toMatch(/\| 16 \| MCP Toolbox \| 2,000 \| 1\.50 \| 1\.50 \| 2\.00 \| 3\.00 \| 2 \| 188 \| 200 \|/);
  expect(text).toMatch(/\| pgbench-ours \| 6,000 \| 0\.50 \| mean 2\.50 \| – \|/);
  expect(text).toContain('dbhub: 3 wrong answers.');
  expect(text).toContain('2 wrong answers of toolbox, Q1, 16 in flight: `status 500: oh | no`');
});

test('cells cannot break the table', () => {
  expect(table(['a'], [['x | y\nz']])).toBe('| a |\n| --- |\n| x \\| y z |');
});

test('a bar is judged by the best of the peers, and only where both were measured', () => {
  const bars = [
    { text: 'best', workload: 'Q1', concurrency: [16, 64], figure: 'callsPerSecond', against: 'best peer', atLeast: 2 },
    { text: 'none', workload: 'Q2', concurrency: [16], figure: 'callsPerSecond', atLeast: 1 },
    { text: 'fact', figure: 'coldStartMs', atMost: 500 },
    { text: 'unknown fact', figure: 'idleMib', atMost: 100 },
  ];
  const results = [load('ours', 3000), load('toolbox', 1000), load('reference', 2000)];
  expect(judge({ ...report, results }, bars)).toEqual([
    { text: 'best', value: 1.5, bound: '>= 2', met: false, off: 2 / 1.5, concurrency: 16, against: 'reference' },
    { text: 'fact', value: 400, bound: '<= 500', met: true, off: 0.8 },
  ]);
});

test('rounds become their median, but no error and no peak of memory is lost', () => {
  const runs = [
    { callsPerSecond: 10, errors: 1, peakKib: 5, serverCpuUs: null, samples: ['a'] },
    { callsPerSecond: 30, errors: 0, peakKib: 9, serverCpuUs: null },
    { callsPerSecond: 20, errors: 2, peakKib: 7, serverCpuUs: null, samples: ['b', 'c', 'd'] },
  ];
  expect(medians(runs)).toEqual({
    callsPerSecond: 20,
    errors: 3,
    peakKib: 9,
    serverCpuUs: null,
    samples: ['a', 'b', 'c'],
    rounds: 3,
  });
});

test('memory under load is the highest that any run has seen', () => {
  const results = [
    load('ours', 1, { residentKib: 2048 }),
    load('ours', 1, { residentKib: 4096 }),
    load('toolbox', 1, { residentKib: 9 }),
  ];
  expect(withMemory({ title: 'x', idleKib: 1024, toolsListBytes: 10 }, 'ours', results)).toMatchObject({
    idleMib: 1,
    loadedMib: 4,
    toolsListTokens: 3,
  });
});

test('executions count only where every call was answered and the database saw them', () => {
  expect(executionsOf({ count: 100, right: 100, executions: 1 })).toEqual({ executions: 1 });
  expect(executionsOf({ count: 100, right: 62, executions: 1 })).toEqual({});
  expect(executionsOf({ count: 100, right: 100, executions: 0 })).toEqual({});
  expect(executionsOf({ count: 100, right: 100, executions: null })).toEqual({});
});
