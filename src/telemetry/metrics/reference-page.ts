import { type MetricDefinition, metricList } from './metric-list.ts';

/** The reference of what is exported, as Markdown: a test compares the page with the list. */
export function exportedMetricsReference(): string {
  const rows = (metricList as readonly MetricDefinition[]).map(({ name, kind, unit, labels, help, buckets, across }) => {
    const together = kind === 'gauge' ? (across === 'max' ? 'the largest' : 'the sum') : 'the sum';
    const shown = buckets === undefined ? help : `${help} Buckets to ${buckets.join(', ')}.`;
    return `| \`${name}\` | ${kind} | \`${unit}\` | ${labels.map((label) => `\`${label}\``).join(', ')} | ${together} | ${shown} |`;
  });
  return [
    '# Exported metrics',
    '',
    '<!-- Generated from src/telemetry/metrics/metric-list.ts. To change this page, change the list there and run: UPDATE_REFERENCE=1 npx vitest run test/telemetry/metrics/reference-page.test.ts -->',
    '',
    'What `/metrics`, OTLP and Azure Monitor say of this server. How to read them: [observe the server](../how-to/observe.md). The figures of the',
    'business, which callers ask for, are [others](metrics.md). No label holds a subject, a statement or a tenant, and no metric more than 200',
    'series: what comes beyond them counts as `other`.',
    '',
    '| metric | kind | unit | labels | of several processes | what it is |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
