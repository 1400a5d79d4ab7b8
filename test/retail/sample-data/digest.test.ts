import { describe, expect, test } from 'vitest';
import { copyTextLine, digestSampleData } from '../../../src/retail/sample-data/digest.ts';
import { generateSampleData } from '../../../src/retail/sample-data/generate.ts';
import { defaultSampleDataOptions, type SampleDataOptions } from '../../../src/retail/sample-data/options.ts';
import { loadReferenceData } from '../../../src/retail/sample-data/reference-data.ts';

const digestsOf = (changes: Partial<SampleDataOptions>) =>
  digestSampleData(generateSampleData(loadReferenceData(), { ...defaultSampleDataOptions, ...changes }));

const ofCatalogue = {
  regions: '9bc145c22b24a983a0a07b32b0dbe5388c8081a490db4ced351fe33cb985a163',
  stores: 'e337ac59fc32574436530c37a8584e1b522ea81f20e8eeb5560b0eb38676459d',
  categories: '55bc6402326638f5dc5c083373b4ec46105a3cab6ab40fa8bf3ff83a04f6d48c',
  product_types: '38be49ad1f76b25bfbfd86e760eb65177609be91ee7e273853760e990b1ff7fa',
  products: '6b927875e8ed114971ca7e5f9907b2a1306e1abbdc08fe23daa33811b77b3671',
  inventory: '7f3e85c13380285bfe723e52d12b224ee16c39541326ca0ddb46cf70c01c9915',
};

describe('the sample data is the same on every machine', () => {
  test('at 200 customers', () => {
    expect(digestsOf({ scale: 200 })).toEqual({
      ...ofCatalogue,
      customers: '01e3a3001751d73c61ac24355cf85d0d626aa109ca05a04ee0aad2be9441fa9b',
      orders: 'f30a8d787e20397cc4bbc0deb72413c2463396cbfaba0b3d85acfea2f7808211',
      order_items: '127c831e9f5eaefc9a44e90e1ac0f937853bc2580265790fe556e5865a69ce73',
    });
  });

  test('at 2,000 customers', () => {
    expect(digestsOf({ scale: 2000 })).toEqual({
      ...ofCatalogue,
      customers: 'b04822d26bdce62dc85a05636aeefdeccfa8adc425c7913c55e90d7e405e03db',
      orders: '801b4dc8a5ec9ab72b88ac3848b8c9e348a97f67d78274a2f545a10929fe09ac',
      order_items: '34c481d6b42e0ddfde6e2fb2e1ff4bf488cd70c7b5e6eabad0e5a5192d678147',
    });
  });

  test('and in every run', () => {
    expect(digestsOf({ scale: 50, seed: 1 })).toEqual(digestsOf({ scale: 50, seed: 1 }));
  });
});

test('another seed changes all that is drawn and nothing of the catalogue', () => {
  const [one, other] = [digestsOf({ scale: 50, seed: 1 }), digestsOf({ scale: 50, seed: 2 })];
  const changed = Object.keys(one).filter((table) => one[table] !== other[table]);
  expect(changed).toEqual(['customers', 'inventory', 'orders', 'order_items']);
});

test('another end date moves the orders and leaves names and stock', () => {
  const [one, other] = [digestsOf({ scale: 50 }), digestsOf({ scale: 50, endDate: '2024-06-15' })];
  expect(one.inventory).toBe(other.inventory);
  expect(one.orders).not.toBe(other.orders);
});

test('a row is written as COPY writes it, so that no two rows look alike', () => {
  expect(copyTextLine([1, null, '', 'a\tb', 'c\\N', '\n\r\b\f\v'])).toBe('1\t\\N\t\ta\\tb\tc\\\\N\t\\n\\r\\b\\f\\v\n');
});
