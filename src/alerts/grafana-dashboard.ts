/** What a panel needs of a metric. */
export interface PlottedMetric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM. */
  readonly unit: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** By the first words of a metric's name, in the order of the page. What fits nowhere comes last. */
const groups = [
  ['Calls', /^(mcp|tool)_/],
  ['Database', /^(database|slow|circuit)_/],
  ['Cache', /^cache_/],
  ['Refusals and errors', /^(auth|access|query_rejected|rate_limited|errors)/],
  ['Embeddings', /^embedding_/],
  ['Process and scaling', /^(system|event_loop|load|replicas)_/],
  ['Backups, audit and cost', /^(backup|audit|estimated)_/],
  ['Other', /^/],
] as const;

const units: Readonly<Record<string, string>> = { s: 's', By: 'bytes', '%': 'percent', '{USD}': 'currencyUSD' };
const width = 8;
const height = 8;
const perRow = 3;

/** A dashboard for Grafana 10 or later with one panel for each metric: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export function grafanaDashboard(metrics: readonly PlottedMetric[]) {
  const left = new Set(metrics);
  let y = 0;
  let id = 0;
  const panels = groups.flatMap(([title, pattern]) => {
    const mine = [...left].filter(({ name }) => pattern.test(name));
    if (mine.length === 0) return [];
    for (const metric of mine) left.delete(metric);
    const heading = { id: ++id, type: 'row', title, collapsed: false, panels: [], gridPos: { h: 1, w: 24, x: 0, y } };
    const top = y + 1;
    y = top + Math.ceil(mine.length / perRow) * height;
    const charts = mine.map((metric, index) => ({
      id: ++id,
      ...panelOf(metric),
      gridPos: { h: height, w: width, x: (index % perRow) * width, y: top + Math.floor(index / perRow) * height },
    }));
    return [heading, ...charts];
  });
  return {
    uid: 'zava-mcp-server',
    title: 'zava-mcp-server',
    tags: ['mcp'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    timezone: 'utc',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        {
          ...{ name: 'instance', label: 'Server', type: 'query', datasource },
          ...{ query: { query: 'label_values(mcp_requests_total, instance)', refId: 'instance' }, refresh: 2 },
          ...{ includeAll: true, multi: true, allValue: '.*', current: { text: 'All', value: '$__all' } },
        },
      ],
    },
    panels,
  };
}

const datasource = { type: 'prometheus', uid: '$datasource' };
const ofServers = 'instance=~"$instance"';

function panelOf(metric: PlottedMetric) {
  const { name, kind, unit, help } = metric;
  return {
    type: 'timeseries',
    title: name,
    description: help,
    datasource,
    fieldConfig: { defaults: { unit: kind === 'counter' ? 'cps' : (units[unit] ?? 'short'), min: 0 }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    targets: queriesOf(metric).map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat,
    })),
  };
}

function queriesOf({ name, kind, labels }: PlottedMetric): readonly (readonly [query: string, legend: string])[] {
  const by = labels.length === 0 ? '' : ` by (${labels.join(', ')})`;
  const legend = labels.length === 0 ? name : labels.map((label) => `{{${label}}}`).join(' ');
  const rate = (series: string) => `rate(${series}{${ofServers}}[$__rate_interval])`;
  switch (kind) {
    case 'counter':
      return [[`sum${by} (${rate(name)})`, legend]];
    case 'gauge':
      return [
        [
          `max by (${['instance', ...labels].join(', ')}) (${name}{${ofServers}})`,
          `{{instance}} ${labels.length === 0 ? '' : legend}`.trim(),
        ],
      ];
    case 'histogram':
      return [
        [`sum(${rate(`${name}_sum`)}) / sum(${rate(`${name}_count`)})`, 'mean'],
        [`histogram_quantile(0.5, sum by (le) (${rate(`${name}_bucket`)}))`, 'median'],
        [`histogram_quantile(0.95, sum by (le) (${rate(`${name}_bucket`)}))`, 'p95'],
        [`histogram_quantile(0.99, sum by (le) (${rate(`${name}_bucket`)}))`, 'p99'],
      ];
  }
}
