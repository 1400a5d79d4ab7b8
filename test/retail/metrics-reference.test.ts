import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { metricsReference } from '../../src/metrics/reference-page.ts';
import { measuresIn } from '../../src/metrics/request.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';

const file = fileURLToPath(new URL('../../docs/reference/metrics.md', import.meta.url));

test('the reference says what the definition says', async () => {
  const page = metricsReference(retailMetrics);
  if (process.env.UPDATE_REFERENCE === '1') await writeFile(file, page);
  expect(await readFile(file, 'utf8')).toBe(page);
});

test('what the explanation promises of metrics and dimensions is defined', async () => {
  const page = await readFile(fileURLToPath(new URL('../../docs/explanation/metrics.md', import.meta.url)), 'utf8');
  const table = page.slice(page.indexOf('## What people ask'));
  const named = [...table.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name ?? '');
  const known = new Set([...retailMetrics.metrics, ...retailMetrics.dimensions].map(({ name }) => name));
  const ours = /_|^(?:revenue|units|orders|lines|customers|margin|store|category|product|type|region)$/;
  const tools =
    /^get_|^execute_|^show_|^(?:metrics|dimensions|grain|period|compare_to|same_last_year|low_stock_only|cross_sell|customer_based|trending|similar_products|top_products|sales_by_store|quarter_by_category|store_review|seasonal_plan|find_similar_products|sales_analyst|semantic_search_products|last_.*)$/;
  expect(named.filter((name) => ours.test(name) && !known.has(name) && !tools.test(name))).toEqual([]);
  expect(named.length).toBeGreaterThan(20);
});

test('every measure of a metric has a source, by store and time', () => {
  for (const { expression } of retailMetrics.metrics)
    for (const measure of measuresIn(expression)) {
      const holding = retailMetrics.sources.filter(({ sums, counts }) => sums?.[measure] ?? counts?.[measure]);
      expect(holding.some(({ keys }) => keys.store !== undefined)).toBe(true);
      expect(retailMetrics.measures[measure]).toBeDefined();
    }
});
