import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { basePriceCents, loadReferenceData } from '../../../src/retail/sample-data/reference-data.ts';

const reference = loadReferenceData();

describe('the reference data', () => {
  test('has eight stores in their regions, one of them online', () => {
    expect(
      reference.stores.map(({ id, name, regionId, online }) => [id, name, reference.regions[regionId - 1]?.name, online]),
    ).toEqual([
      [1, 'Zava Retail Seattle', 'Puget Sound', false],
      [2, 'Zava Retail Bellevue', 'Puget Sound', false],
      [3, 'Zava Retail Tacoma', 'South Sound', false],
      [4, 'Zava Retail Spokane', 'Inland Northwest', false],
      [5, 'Zava Retail Everett', 'North Sound', false],
      [6, 'Zava Retail Redmond', 'Puget Sound', false],
      [7, 'Zava Retail Kirkland', 'Puget Sound', false],
      [8, 'Zava Retail Online', 'Online', true],
    ]);
  });

  test('keeps decimal weights as exact integers', () => {
    expect(reference.stores[4]).toMatchObject({ customerWeight: 7, frequencyTenths: 18, valueHundredths: 95 });
    expect(reference.yearWeights[2024]).toBe(1265);
    expect(reference.categories[6]?.seasonTenths).toEqual([11, 10, 12, 14, 13, 12, 11, 10, 13, 16, 14, 12]);
  });

  test('numbers types and products by first appearance, each type within one category', () => {
    expect(reference.types.map(({ id }) => id)).toEqual(Array.from({ length: 88 }, (_, index) => index + 1));
    expect(reference.types.filter(({ name }) => name === 'HAND TOOLS').map(({ categoryId }) => categoryId)).toEqual([8]);
    for (const product of reference.products) expect(reference.types[product.typeId - 1]?.categoryId).toBe(product.categoryId);
  });

  test.each([
    [28_00, 41_79],
    [2_00, 2_99],
    [475_00, 708_96],
    [89_99, 134_31],
  ])('asks for a cost of %i cents a price of %i cents', (cost, price) => {
    expect(basePriceCents(cost)).toBe(price);
  });
});

describe('a damaged data directory is refused, because', () => {
  const refusalOf = (file: string, change: (text: string) => string): unknown => {
    const directory = mkdtempSync(join(tmpdir(), 'reference-data-'));
    try {
      cpSync(new URL('../../../data/', import.meta.url), directory, { recursive: true });
      const path = join(directory, file);
      writeFileSync(path, change(readFileSync(path, 'utf8')));
      return loadReferenceData(pathToFileURL(`${directory}/`));
    } catch (error) {
      return error;
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
  const withoutFirst = (text: string) => JSON.stringify((JSON.parse(text) as unknown[]).slice(1));

  test.each([
    ['a product is missing', 'product_data_flat.json', withoutFirst, /418 products, not 419/],
    ['a product has no price', 'product_data_flat.json', (text: string) => text.replace('"price": 28', '"prize": 28'), /price/],
    [
      'a category is unknown',
      'product_data_flat.json',
      (text: string) => text.replace('"HAND TOOLS"', '"HAND TOYS"'),
      /HAND TOYS/,
    ],
    ['a factor has too many decimals', 'seasonal_multipliers.json', (text: string) => text.replace('0.9', '0.95'), /0\.95/],
    ['a tenant id is malformed', 'reference_data.json', (text: string) => text.replace('f47ac10b', 'g47ac10b'), /rls_user_id/],
    ['a store has no region', 'reference_data.json', (text: string) => text.replace('Retail Tacoma', 'Retail Tokyo'), /Tokyo/],
  ])('%s', (_why, file, change, message) => {
    expect(refusalOf(file, change)).toMatchObject({ code: 'misconfigured', message: expect.stringMatching(message) });
  });
});
