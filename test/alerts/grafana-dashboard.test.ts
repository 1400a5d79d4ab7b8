import { describe, expect, test } from 'vitest';
import { grafanaDashboard } from '../../src/alerts/grafana-dashboard.ts';
import { metricList } from '../../src/telemetry/metrics/metric-list.ts';

const dashboard = grafanaDashboard(metricList);
const charts = dashboard.panels.flatMap((panel) => ('targets' in panel ? [panel] : []));

describe('the dashboard for Grafana', () => {
  test('has a panel for every metric, and queries of nothing else', () => {
    expect(charts.map(({ title }) => title).sort()).toEqual(metricList.map(({ name }) => name).sort());
    for (const { title, targets } of charts) {
      expect(targets.length).toBeGreaterThan(0);
      for (const { expr } of targets) expect(expr).toContain(title);
    }
  });

  test('takes its data source and servers from variables', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance']);
    for (const { datasource, targets } of charts) {
      expect(datasource).toEqual({ type: 'prometheus', uid: '$datasource' });
      for (const { expr } of targets) expect(expr).toContain('instance=~"$instance"');
    }
  });

  test('gives every panel an id and a place of its own', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });

  test('groups what is known, and keeps what is new', () => {
    const panels = grafanaDashboard([{ name: 'zebra_total', kind: 'counter', unit: '1', labels: [], help: 'Zebras.' }]).panels;
    expect(panels.map(({ type, title }) => [type, title])).toEqual([
      ['row', 'Other'],
      ['timeseries', 'zebra_total'],
    ]);
    expect(dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title)).not.toContain('Other');
  });
});
