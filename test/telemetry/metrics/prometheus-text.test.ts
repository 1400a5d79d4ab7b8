import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { type MetricDefinition, metricList } from '../../../src/telemetry/metrics/metric-list.ts';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';
import { prometheusText } from '../../../src/telemetry/metrics/prometheus-text.ts';

/** Every metric, with labels that try to break out of their quotes. */
function everyMetric(): string {
  const store = createMetricStore();
  for (const { name, kind, labels } of metricList) {
    const values = labels.map(() => 'a"b\\c\nd');
    if (kind === 'histogram') store.observe(name, 0.3, ...values);
    else if (kind === 'counter') store.add(name, 1, ...values);
    else store.set(name, 0.5, ...values);
  }
  return prometheusText(store.samples());
}

test('every metric of the list is told with its help and type, and each value on one line', () => {
  const text = everyMetric();
  for (const { name, kind } of metricList) expect(text).toContain(`# TYPE ${name} ${kind}\n`);
  const line = /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (?:[\d.e+-]+|\+Inf))$/;
  expect(
    text
      .trimEnd()
      .split('\n')
      .filter((one) => !line.test(one)),
  ).toEqual([]);
});

test('buckets add up, and the last one has them all', () => {
  const store = createMetricStore();
  for (const seconds of [0.002, 0.2, 99]) store.observe('embedding_duration_seconds', seconds, 'local');
  const text = prometheusText(store.samples());
  expect(text).toContain('embedding_duration_seconds_bucket{embedder="local",le="0.0025"} 1\n');
  expect(text).toContain('embedding_duration_seconds_bucket{embedder="local",le="30"} 2\n');
  expect(text).toContain('embedding_duration_seconds_bucket{embedder="local",le="+Inf"} 3\n');
  expect(text).toContain('embedding_duration_seconds_count{embedder="local"} 3\n');
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

test.runIf(promtool)('promtool finds nothing wrong', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: everyMetric(), encoding: 'utf8' });
  // The name comes from the contract with those who watch already; promtool would have it end in its unit.
  const known = /^estimated_cost_monthly|^system_cpu_usage_percent|^replicas_desired/;
  const found = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !known.test(line));
  expect({ status: found.length === 0 ? 0 : status, found }).toEqual({ status: 0, found: [] });
});

test('buckets of a histogram are ascending', () => {
  for (const { name, buckets } of metricList as readonly MetricDefinition[])
    expect(
      [...(buckets ?? [])].sort((a, b) => a - b),
      name,
    ).toEqual(buckets ?? []);
});
