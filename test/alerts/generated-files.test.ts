import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { grafanaDashboard } from '../../src/alerts/grafana-dashboard.ts';
import { prometheusRules } from '../../src/alerts/prometheus-rules.ts';
import { alertReferencePage } from '../../src/alerts/reference-page.ts';
import { alertRules } from '../../src/alerts/rules.ts';
import { metricList } from '../../src/telemetry/metrics/metric-list.ts';

const root = new URL('../../', import.meta.url);

test.each([
  ['deploy/prometheus/zava-alerts.yml', () => prometheusRules({ rules: alertRules() })],
  ['deploy/grafana/zava-dashboard.json', () => `${JSON.stringify(grafanaDashboard(metricList), null, 2)}\n`],
  ['docs/reference/alert-rules.md', () => alertReferencePage(alertRules({ monthlyBudget: 1000 }))],
])('%s is what its table says', async (path, generate) => {
  const file = fileURLToPath(new URL(path, root));
  if (process.env.UPDATE_REFERENCE === '1') {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, generate());
  }
  expect(await readFile(file, 'utf8')).toBe(generate());
});

test('every metric that a rule reads is one that the server exports', () => {
  const names = JSON.stringify(alertRules({ monthlyBudget: 1 })).matchAll(/"metric":"([^"]+)"/g);
  const known = new Set<string>(metricList.map(({ name }) => name));
  expect([...names].map(([, name = '']) => name).filter((name) => !known.has(name))).toEqual([]);
});

test('the reference has each rule once, with all that one needs to know of it', () => {
  const page = alertReferencePage(alertRules({ monthlyBudget: 1000 }));
  expect(page).toContain('| `database_down` | database unhealthy > 0 | 5 min | critical | the server |');
  expect(page).toContain('| `breaker_open` | `circuit_breaker_state` by dependency > 1 | 2 min | high | both |');
  expect(page).toMatch(/\| `auth_failures` \| .* \| the server, Prometheus in part \|/);
  expect(page.match(/^\| `/gm)).toHaveLength(alertRules({ monthlyBudget: 1000 }).length);
});
