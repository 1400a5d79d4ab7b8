import { expect, test } from 'vitest';
import { countsOf, mergeSamples, toPlain } from '../../../src/telemetry/metrics/merge-samples.ts';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';

function processWith(calls: number, load: number) {
  const store = createMetricStore();
  store.add('errors_total', calls, 'internal');
  store.observe('tool_execution_duration_seconds', calls, 't');
  store.set('load_ratio', load);
  store.set('database_pool_size', 4);
  return toPlain(store.samples());
}
const valuesOf = (samples: ReturnType<typeof mergeSamples>, name: string) =>
  samples.filter(({ metric }) => metric.name === name).map(({ values }) => values.at(-1));

test('counts and pools add up over processes; of the load the largest counts', () => {
  const merged = mergeSamples([processWith(2, 0.9), processWith(3, 0.2)]);
  expect(valuesOf(merged, 'errors_total')).toEqual([5]);
  expect(valuesOf(merged, 'tool_execution_duration_seconds')).toEqual([5]);
  expect(valuesOf(merged, 'database_pool_size')).toEqual([8]);
  expect(valuesOf(merged, 'load_ratio')).toEqual([0.9]);
});

test('of a process that has ended its counts are left, and none of its gauges', () => {
  const merged = mergeSamples([countsOf(processWith(2, 0.9)), processWith(3, 0.2)]);
  expect(valuesOf(merged, 'errors_total')).toEqual([5]);
  expect(valuesOf(merged, 'database_pool_size')).toEqual([4]);
  expect(valuesOf(merged, 'load_ratio')).toEqual([0.2]);
});

test('a metric of another release is passed over', () => {
  expect(mergeSamples([[{ name: 'unheard_of', labels: [], values: [1] }]])).toEqual([]);
});
