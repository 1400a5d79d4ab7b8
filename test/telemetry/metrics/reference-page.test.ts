import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { metricList } from '../../../src/telemetry/metrics/metric-list.ts';
import { exportedMetricsReference } from '../../../src/telemetry/metrics/reference-page.ts';

const file = fileURLToPath(new URL('../../../docs/reference/exported-metrics.md', import.meta.url));

test('the reference says what the list of metrics says', async () => {
  const page = exportedMetricsReference();
  if (process.env.UPDATE_REFERENCE === '1') await writeFile(file, page);
  expect(await readFile(file, 'utf8')).toBe(page);
});

test('units stand in the names, counters end in _total, and no label could name a person or a tenant', () => {
  const known = ['method', 'outcome', 'tool', 'role', 'login', 'dependency', 'step', 'code', 'embedder'];
  for (const { name, kind, unit, labels } of metricList) {
    expect(name.endsWith('_total'), name).toBe(kind === 'counter');
    if (unit === 's') expect(name).toMatch(/_seconds$/);
    if (unit === 'By') expect(name).toMatch(/_bytes$/);
    expect(labels.filter((label) => !known.includes(label))).toEqual([]);
  }
});
