import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRetailPrices } from '../../src/cost/azure-retail-prices.ts';
import { loadPrices } from '../../src/cost/price-list.ts';

/**
 * A stand-in for prices.azure.com on loopback. Its answers have the shape that the API's documentation shows
 * (https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices); the prices are made up.
 */
interface Item {
  readonly [name: string]: unknown;
}
let server: Server;
let url = '';
let asked: URL[] = [];
let answer: (request: URL) => { status?: number; body: unknown };
const item = (changes: Item = {}): Item => ({
  currencyCode: 'USD',
  tierMinimumUnits: 0,
  retailPrice: 0.5,
  unitPrice: 0.5,
  armRegionName: 'eastus',
  location: 'US East',
  effectiveStartDate: '2026-01-01T00:00:00Z',
  meterId: '000a794b-bdb0-58be-a0cd-0c3a0f222923',
  meterName: 'Standard vCPU Active Usage',
  productName: 'Azure Container Apps',
  skuName: 'Standard',
  serviceName: 'Azure Container Apps',
  serviceFamily: 'Containers',
  unitOfMeasure: '1 Second',
  type: 'Consumption',
  isPrimaryMeterRegion: true,
  armSkuName: '',
  ...changes,
});
const pageOf = (items: readonly Item[], next: string | null = null) => ({
  BillingCurrency: 'USD',
  CustomerEntityId: 'Default',
  CustomerEntityType: 'Retail',
  Items: items,
  NextPageLink: next,
  Count: items.length,
});
const shipped = new URL('../../data/prices.json', import.meta.url);
const list = await loadPrices(shipped, '/nowhere');

beforeAll(async () => {
  server = createServer((request, response) => {
    const address = new URL(request.url ?? '', url);
    asked.push(address);
    const { status = 200, body } = answer(address);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/retail/prices`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  asked = [];
});

test('asks by an OData filter, in which a quote cannot end the text', async () => {
  answer = () => ({ body: pageOf([item()]) });
  await createRetailPrices({ url }).read({ serviceName: "Bob's", meterName: 'x' }, 'USD');
  expect(asked[0]?.searchParams.get('$filter')).toBe("serviceName eq 'Bob''s' and meterName eq 'x'");
  expect(asked[0]?.searchParams.get('currencyCode')).toBe("'USD'");
});

test('reads page after page, to the last', async () => {
  answer = (request) => {
    const skip = Number(request.searchParams.get('$skip') ?? 0);
    return { body: pageOf([item({ retailPrice: skip })], skip < 200 ? `${url}?$filter=x&$skip=${skip + 100}` : null) };
  };
  const items = await createRetailPrices({ url }).read({ serviceName: 'x' }, 'USD');
  expect(items.map(({ retailPrice }) => retailPrice)).toEqual([0, 100, 200]);
});

test('a list without an end, one that goes on elsewhere and one in another currency are refused', async () => {
  const read = () => createRetailPrices({ url, mostPages: 3 }).read({ serviceName: 'x' }, 'USD');
  answer = () => ({ body: pageOf([item()], url) });
  await expect(read()).rejects.toThrow('has no end');
  expect(asked).toHaveLength(3);
  answer = () => ({ body: pageOf([item()], 'http://169.254.169.254/metadata') });
  await expect(read()).rejects.toThrow('not followed');
  answer = () => ({ body: { ...pageOf([item()]), BillingCurrency: 'EUR' } });
  await expect(read()).rejects.toThrow('answered in EUR');
});

test.each([
  ['an error', { status: 500, body: {} }],
  ['something else', { body: { Items: 'none' } }],
])('%s is a dependency that is away, and a stop is a stop', async (_what, given) => {
  answer = () => given;
  const prices = createRetailPrices({ url });
  await expect(prices.read({ serviceName: 'x' }, 'USD')).rejects.toMatchObject({ code: 'dependency_unavailable' });
  await expect(prices.read({ serviceName: 'x' }, 'USD', AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});

test('a refreshed list has today’s date and prices; what the API did not give stays, and is named', async () => {
  answer = (request) => {
    const filter = request.searchParams.get('$filter') ?? '';
    if (filter.includes('vCPU Active'))
      return {
        body: pageOf([item({ retailPrice: 0, tierMinimumUnits: 0 }), item({ retailPrice: 0.00003, tierMinimumUnits: 180000 })]),
      };
    if (filter.includes('Standard_D2ds_v4'))
      return {
        body: pageOf([
          item({ retailPrice: 0.2, unitOfMeasure: '1 Hour' }),
          item({ retailPrice: 0.05, unitOfMeasure: '1 Hour', skuName: 'D2ds v4 Spot' }),
          item({ retailPrice: 900, unitOfMeasure: '1 Hour', type: 'Reservation' }),
        ]),
      };
    if (filter.includes('Hot LRS Data Stored'))
      return {
        body: pageOf([
          item({ unitOfMeasure: '1 GB/Month', retailPrice: 0.02 }),
          item({ unitOfMeasure: '1 GB/Month', retailPrice: 0.03 }),
        ]),
      };
    return { body: pageOf([]) };
  };
  const { prices, confirmed, kept } = await createRetailPrices({ url }).refresh(list, '2027-01-31');
  expect(prices.date).toBe('2027-01-31');
  expect(prices.prices.container_vcpu_second).toMatchObject({ price: 0.00003, free: 180_000 });
  expect(prices.postgres_skus.GP_Standard_D2ds_v4?.vcore_hour).toBe(0.1);
  expect(confirmed).toEqual(['container_vcpu_second', 'GP_Standard_D2ds_v4']);
  expect(kept).toContainEqual({ name: 'blob_gb_month', why: 'the API has 2 prices for it' });
  expect(kept).toContainEqual({ name: 'egress_gb', why: 'its meter is not known' });
  expect(kept).toContainEqual({ name: 'telemetry_gb', why: 'the API has no such price' });
  expect(prices.prices.telemetry_gb).toEqual(list.prices.telemetry_gb);
  expect(prices.status).toMatch(/to be confirmed: .*telemetry_gb/);
  for (const request of asked) expect(request.searchParams.get('$filter')).toContain("armRegionName eq 'eastus'");
});

test('the newer of the shipped and the fetched list is taken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zava-prices-'));
  const file = join(folder, 'prices.json');
  await writeFile(file, JSON.stringify({ ...list, date: '2099-01-01' }));
  expect((await loadPrices(shipped, file)).date).toBe('2099-01-01');
  await writeFile(file, JSON.stringify({ ...list, date: '2020-01-01' }));
  expect((await loadPrices(shipped, file)).date).toBe(list.date);
  await expect(loadPrices(shipped, folder)).rejects.toThrow('EISDIR');
  await rm(folder, { recursive: true });
});
