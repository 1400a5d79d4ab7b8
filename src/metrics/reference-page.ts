import type { MetricsDefinition } from '../core/metrics-definition.ts';
import { measuresIn } from './request.ts';

/** The reference of what may be asked, as Markdown: a test compares the page with the definition. */
export function metricsReference({ metrics, dimensions, sources }: MetricsDefinition): string {
  const readFrom = (measure: string) =>
    sources.filter(({ sums, counts }) => sums?.[measure] ?? counts?.[measure]).map(({ name }) => name);
  const keysOf = (measure: string) =>
    new Set(sources.filter(({ sums, counts }) => sums?.[measure] ?? counts?.[measure]).flatMap(({ keys }) => Object.keys(keys)));
  return [
    '# Metrics',
    '',
    '<!-- Generated from src/retail/metrics.ts. To change this page, change the definition there and run: UPDATE_REFERENCE=1 npx vitest run test/retail/metrics-reference.test.ts -->',
    '',
    'What `get_sales_metrics` can be asked, and what each figure is. How it works: [explanation](../explanation/metrics.md).',
    '',
    '## Metrics',
    '',
    '| metric | definition | formula | read from | needs |',
    '|---|---|---|---|---|',
    ...metrics.map(({ name, definition, expression, permission }) =>
      row([
        `\`${name}\``,
        definition,
        `\`${expression}\``,
        [...new Set(measuresIn(expression).flatMap(readFrom))].join(', '),
        permission ?? '',
      ]),
    ),
    '',
    '## Dimensions',
    '',
    '| dimension | meaning | columns | of every metric but |',
    '|---|---|---|---|',
    ...dimensions.map(({ name, meaning, labels }) => {
      const without = metrics.filter(({ expression }) => !measuresIn(expression).every((measure) => keysOf(measure).has(name)));
      const columns = labels.map((label) => `\`${label.name}\``).join(', ');
      return row([`\`${name}\``, meaning, columns, without.map((metric) => metric.name).join(', ')]);
    }),
    '',
    '## What looks like a metric and is none',
    '',
    '`execute_sales_query` lets these through and says so in `hint`:',
    '',
    ...new Set(metrics.flatMap(({ misreadings = [] }) => misreadings.map(({ hint }) => `- ${hint}.`))),
    '',
  ].join('\n');
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
