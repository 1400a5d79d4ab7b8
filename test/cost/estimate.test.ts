import { describe, expect, test } from 'vitest';
import { compareWithBudget, estimate } from '../../src/cost/estimate.ts';
import { type InputName, type Inputs, inputNames, parseAssumptions } from '../../src/cost/inputs.ts';
import { loadPrices, parsePrices } from '../../src/cost/price-list.ts';

const shipped = new URL('../../data/prices.json', import.meta.url);
const prices = await loadPrices(shipped, '/nowhere/prices.json');
const everything: Record<InputName, string> = {
  replicas: '2',
  container_vcpu: '0.5',
  container_memory_gib: '1',
  requests: '5000000',
  postgres_sku: 'GP_Standard_D2ds_v4',
  postgres_ha: '0',
  postgres_storage_gb: '128',
  postgres_backup_gb: '200',
  embedding_tokens: '10000000',
  telemetry_gb: '40',
  telemetry_retention_days: '180',
  blob_gb: '50',
  blob_writes: '20000',
  egress_gb: '150',
};
const given = (changes: Partial<Record<InputName, string>> = {}): Inputs =>
  parseAssumptions(Object.entries({ ...everything, ...changes }).map(([name, value]) => `${name}=${value}`));
const costOf = (inputs: Inputs, item: string) => {
  const line = estimate(prices, inputs).lines.find((known) => `${known.service}, ${known.item}` === item);
  return line?.cost ?? Number.NaN;
};

test('the prices that come with the package are dated, in one currency, each with its source, and marked as to be confirmed', () => {
  expect(prices).toMatchObject({ date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), currency: 'USD', region: 'eastus' });
  expect(prices.status).toContain('to be confirmed');
  for (const { source } of [...Object.values(prices.prices), ...Object.values(prices.postgres_skus)])
    expect(source).toMatch(/^https:\/\/azure\.microsoft\.com\/pricing\//);
});

test('five services are priced, and the total is their sum', () => {
  const found = estimate(prices, given());
  expect(new Set(found.lines.map(({ service }) => service))).toEqual(
    new Set(['Container Apps', 'PostgreSQL', 'OpenAI', 'Application Insights', 'Storage']),
  );
  expect(found).toMatchObject({ complete: true, missing: [], currency: 'USD', price_date: prices.date });
  expect(found.total).toBeCloseTo(
    found.lines.reduce((sum, { cost }) => sum + cost, 0),
    6,
  );
});

// By hand: (quantity - free) × price.
test.each([
  ['Container Apps, vCPU', (2 * 0.5 * 730 * 3600 - 180_000) * 0.000024],
  ['Container Apps, memory', (2 * 1 * 730 * 3600 - 360_000) * 0.000003],
  ['Container Apps, requests', (5 - 2) * 0.4],
  ['PostgreSQL, compute', 2 * 730 * 0.089],
  ['PostgreSQL, storage', 128 * 0.115],
  ['PostgreSQL, backup beyond the size of the storage', (200 - 128) * 0.095],
  ['OpenAI, embeddings', 10 * 0.02],
  ['Application Insights, ingestion', 40 * 2.3],
  ['Application Insights, retention', 40 * ((180 - 90) / (730 / 24)) * 0.1],
  ['Storage, backups', 50 * 0.02],
  ['Storage, writes', 2 * 0.05],
  ['Storage, egress', (150 - 100) * 0.087],
])('%s is what one comes to by hand', (item, cost) => {
  expect(costOf(given(), item)).toBe(Math.round(cost * 100) / 100);
});

describe('usage and cost', () => {
  test.each([
    ['OpenAI, embeddings', 'embedding_tokens', '20000000'],
    ['Application Insights, ingestion', 'telemetry_gb', '80'],
    ['PostgreSQL, storage', 'postgres_storage_gb', '256'],
    ['Storage, backups', 'blob_gb', '100'],
  ] as const)('%s doubles with its usage', (item, name, doubled) => {
    expect(costOf(given({ [name]: doubled }), item)).toBeCloseTo(2 * costOf(given(), item), 6);
  });

  test('what is within the free grant costs nothing; beyond it each unit costs the same', () => {
    expect(costOf(given({ requests: '2000000' }), 'Container Apps, requests')).toBe(0);
    expect(costOf(given({ requests: '3000000' }), 'Container Apps, requests')).toBe(0.4);
    expect(costOf(given({ requests: '4000000' }), 'Container Apps, requests')).toBe(0.8);
  });

  test('high availability doubles the compute of the database', () => {
    const item = 'PostgreSQL, compute';
    expect(costOf(given({ postgres_ha: '1' }), item)).toBeCloseTo(2 * costOf(given(), item), 6);
  });

  test.each(inputNames)('without %s its lines are named as missing, and nothing is taken for zero', (name) => {
    const { [name]: _without, ...rest } = given();
    const found = estimate(prices, rest);
    const whole = estimate(prices, given());
    const lost = whole.lines.filter(({ from }) => from.includes(name));
    expect(found.complete).toBe(false);
    expect(found.missing.map(({ item }) => item).sort()).toEqual(lost.map(({ item }) => item).sort());
    expect(found.missing.flatMap(({ inputs }) => inputs.map((input) => input.name))).toEqual(lost.map(() => name));
    expect(found.lines).toHaveLength(whole.lines.length - lost.length);
  });

  test.each(['GP_Standard_D2ds_v9', 'constructor', ''])(
    'a SKU without a price (%j) is an error that names the known ones',
    (sku) => {
      const inputs = { ...given(), postgres_sku: { value: sku, basis: 'assumed', from: '' } } as const;
      expect(() => estimate(prices, inputs)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
      expect(() => estimate(prices, inputs)).toThrow('no price of the PostgreSQL SKU');
    },
  );

  test('an unknown SKU is an error, too, where the rest of its line is unknown', () => {
    expect(() => estimate(prices, parseAssumptions(['postgres_sku=X']))).toThrow('no price');
  });
});

test.each([
  [79.99, undefined],
  [80, undefined],
  [80.01, 'low'],
  [100, 'low'],
  [100.01, 'high'],
])('of a budget of 100, %d is warned of as %s', (total, warning) => {
  expect(compareWithBudget(total, 100).warning).toBe(warning);
});

test('a budget of nothing is exceeded by anything, without a share of infinity', () => {
  expect(compareWithBudget(1, 0)).toEqual({ monthly: 0, warning: 'high' });
  expect(compareWithBudget(0, 0)).toEqual({ monthly: 0 });
});

test.each([
  'vcpu=1',
  'container_vcpu',
  'container_vcpu=much',
  'container_vcpu=-1',
  'container_vcpu=',
  '__proto__=1',
  'toString=1',
])('the assumption %s is refused', (pair) => {
  expect(() => parseAssumptions([pair])).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test.each(['{}', 'not json', '{"date":"2026-11-26","currency":"USD"}'])('a price list that is %s is refused', (text) => {
  expect(() => parsePrices(text, 'prices.json')).toThrow(expect.objectContaining({ code: 'misconfigured' }));
});
