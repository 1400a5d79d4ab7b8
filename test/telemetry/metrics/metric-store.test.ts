import { expect, test } from 'vitest';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';

const find = (store: ReturnType<typeof createMetricStore>, name: string) =>
  store.samples().filter(({ metric }) => metric.name === name);

test('a counter without labels stands at 0 from the start, and adds up', () => {
  const store = createMetricStore();
  expect(find(store, 'slow_queries_total')).toMatchObject([{ labels: [], values: [0] }]);
  store.add('slow_queries_total', 1);
  store.add('slow_queries_total', 2);
  expect(find(store, 'slow_queries_total')).toMatchObject([{ values: [3] }]);
});

test('a gauge is set, not added to', () => {
  const store = createMetricStore();
  expect(find(store, 'replicas_desired')).toEqual([]);
  store.set('replicas_desired', 4);
  store.set('replicas_desired', 3);
  expect(find(store, 'replicas_desired')).toMatchObject([{ values: [3] }]);
});

test('series with different labels are counted apart', () => {
  const store = createMetricStore();
  store.add('mcp_requests_total', 1, 'tools/call', 'answered');
  store.add('mcp_requests_total', 1, 'tools/call', 'failed');
  store.add('mcp_requests_total', 1, 'tools/call', 'failed');
  expect(find(store, 'mcp_requests_total').map(({ labels, values }) => [...labels, ...values])).toEqual([
    ['tools/call', 'answered', 1],
    ['tools/call', 'failed', 2],
  ]);
});

test('a histogram counts into the bucket whose bound a value does not pass, and sums what it observed', () => {
  const store = createMetricStore();
  for (const seconds of [0.001, 0.0011, 31]) store.observe('tool_execution_duration_seconds', seconds, 'a');
  const [sample] = find(store, 'tool_execution_duration_seconds');
  expect(sample?.values.slice(0, 3)).toEqual([1, 1, 0]);
  expect(sample?.values.at(-2)).toBe(1);
  expect(sample?.values.at(-1)).toBeCloseTo(31.0021);
});

test('labels without bound end in one series for all that come late', () => {
  const store = createMetricStore();
  for (let caller = 0; caller < 10_000; caller += 1) store.add('errors_total', 1, `code-${caller}`);
  const series = find(store, 'errors_total');
  expect(series.length).toBe(201);
  expect(series.at(-1)).toMatchObject({ labels: ['other'], values: [9800] });
});

test('what is only looked up is looked up when somebody reads', () => {
  const store = createMetricStore();
  let size = 1;
  store.addSource(() => store.set('database_pool_size', size));
  size = 8;
  expect(find(store, 'database_pool_size')).toMatchObject([{ values: [8] }]);
  expect(store.copy()).toContain(8);
});
