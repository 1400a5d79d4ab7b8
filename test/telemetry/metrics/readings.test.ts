import { afterEach, expect, test } from 'vitest';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';
import { createReadings } from '../../../src/telemetry/metrics/readings.ts';
import { handClock } from '../../support/hand-clock.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function reading() {
  const store = createMetricStore();
  const clock = handClock();
  const readings = createReadings({ store, clock });
  opened.push(readings);
  /** As the timer does, every ten seconds. */
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10_000) {
      clock.advance(10_000);
      readings.take();
    }
  };
  return { store, readings, pass };
}

test('a counter’s growth is told over any window, and since the start before that', () => {
  const { store, readings, pass } = reading();
  store.add('errors_total', 5, 'internal');
  expect(readings.increase('errors_total', 60_000)).toBe(5);
  pass(300_000);
  store.add('errors_total', 2, 'internal');
  store.add('errors_total', 1, 'rate_limited');
  expect(readings.increase('errors_total', 60_000)).toBe(3);
  expect(readings.increase('errors_total', 60_000, { code: 'internal' })).toBe(2);
  expect(readings.increase('errors_total', 600_000)).toBe(8);
  pass(70_000);
  expect(readings.increase('errors_total', 60_000)).toBe(0);
});

test('a value is the sum of the series that fit, and absent where nobody has set one', () => {
  const { store, readings } = reading();
  expect(readings.value('backup_age_seconds')).toBeUndefined();
  store.set('backup_age_seconds', 0);
  expect(readings.value('backup_age_seconds')).toBe(0);
  store.add('mcp_requests_total', 3, 'tools/call', 'answered');
  store.add('mcp_requests_total', 4, 'tools/list', 'answered');
  expect(readings.value('mcp_requests_total')).toBe(7);
  expect(readings.value('mcp_requests_total', { method: 'tools/list' })).toBe(4);
  expect(readings.value('mcp_requests_total', { method: 'ping' })).toBeUndefined();
});

test('a histogram has a mean and quantiles over a window', () => {
  const { store, readings, pass } = reading();
  store.observe('database_query_duration_seconds', 20, 'reader');
  pass(60_000);
  expect(readings.mean('database_query_duration_seconds', 50_000)).toBeUndefined();
  expect(readings.quantile('database_query_duration_seconds', 0.5, 50_000)).toBeUndefined();
  for (const seconds of [0.2, 0.2, 0.2, 4]) store.observe('database_query_duration_seconds', seconds, 'reader');
  expect(readings.mean('database_query_duration_seconds', 50_000)).toBeCloseTo(1.15);
  expect(readings.quantile('database_query_duration_seconds', 0.5, 50_000)).toBe(0.25);
  expect(readings.quantile('database_query_duration_seconds', 0.95, 50_000)).toBe(5);
  expect(readings.increase('database_query_duration_seconds', 50_000)).toBe(4);
  store.observe('database_query_duration_seconds', 31, 'server');
  expect(readings.quantile('database_query_duration_seconds', 1, 50_000, { login: 'server' })).toBe(Number.POSITIVE_INFINITY);
});

test('all that stands can be read with its labels by name', () => {
  const { store, readings } = reading();
  store.observe('tool_execution_duration_seconds', 1, 'a');
  expect(readings.all()).toContainEqual({ name: 'tool_execution_duration_seconds', labels: { tool: 'a' }, value: 1 });
});

test('no more than the longest window is kept', () => {
  const { store, readings, pass } = reading();
  store.add('slow_queries_total', 1);
  pass(3_600_000);
  // Older than what is kept: the oldest that is left counts as the start.
  expect(readings.increase('slow_queries_total', 1_200_000)).toBe(0);
});
