import { metricList } from './metric-list.ts';
import type { Sample } from './metric-store.ts';

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** The text format that Prometheus scrapes: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function prometheusText(samples: readonly Sample[]): string {
  const lines: string[] = [];
  for (const metric of metricList) {
    const own = samples.filter((sample) => sample.metric.name === metric.name);
    if (own.length === 0) continue;
    lines.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.kind}`);
    for (const sample of own) lines.push(...(sample.metric.buckets === undefined ? [lineOf(sample)] : bucketLines(sample)));
  }
  return `${lines.join('\n')}\n`;
}

function lineOf({ metric, labels, values }: Sample): string {
  return `${metric.name}${labelText(metric.labels, labels)} ${values[0]}`;
}

function bucketLines({ metric, labels, values }: Sample): string[] {
  const bounds = [...(metric.buckets ?? []), '+Inf'];
  let calls = 0;
  const lines = bounds.map((bound, index) => {
    calls += values[index] ?? 0;
    return `${metric.name}_bucket${labelText([...metric.labels, 'le'], [...labels, String(bound)])} ${calls}`;
  });
  const end = labelText(metric.labels, labels);
  return [...lines, `${metric.name}_sum${end} ${values.at(-1)}`, `${metric.name}_count${end} ${calls}`];
}

const labelText = (names: readonly string[], values: readonly string[]): string =>
  names.length === 0 ? '' : `{${names.map((name, index) => `${name}="${escaped(values[index] ?? '')}"`).join(',')}}`;

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
