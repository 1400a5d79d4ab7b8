import { afterAll, beforeAll, expect, test } from 'vitest';
import { retailCatalogueSearch } from '../../src/retail/catalogue-search.ts';
import { createLexicalSearch, lexicalScore } from '../../src/search/lexical.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

onEveryDatabase('lexical product search', (tier) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await tier.open();
  });
  afterAll(() => opened.close());
  const search = (query: string, maxRows = 5, threshold = 30) =>
    createLexicalSearch({ database: opened.database, catalogue: retailCatalogueSearch })({ query, maxRows, threshold });
  const names = (rowsJson: string) => JSON.parse(rowsJson).map((row: string[]) => row[1]);

  test('the words of a name find the product, best first, with all columns', async () => {
    const found = await search('deck and fence stain', 3);
    expect(found.columns.map((column) => column.name)).toEqual([
      'sku',
      'product_name',
      'category',
      'type',
      'description',
      'price',
      'similarity',
      'matched_by',
    ]);
    const [best] = JSON.parse(found.rowsJson);
    expect(best).toEqual([
      'PFEP000010',
      'Deck and Fence Stain',
      'PAINT & FINISHES',
      'EXTERIOR PAINT',
      expect.any(String),
      expect.any(Number),
      100,
      'words',
    ]);
    expect(found).toMatchObject({ rowCount: 3, truncated: true, model: 'lexical', degraded: true, lowConfidence: false });
    expect(found.message).toContain('more products match');
  });

  test('prices keep their two decimals', async () => {
    expect((await search('hammer')).rowsJson).toMatch(/,\d+\.\d\d,\d+\.\d,"words"\]/);
  });

  test('a misspelt name is still found', async () => {
    expect(names((await search('claw hamer')).rowsJson).join()).toMatch(/hammer/i);
  });

  test.each(['quantum entanglement spectrometer', 'zzzzqqqq', '%', "'; DROP TABLE retail.products --", ''])(
    'nothing sensible is found for %j, and it says so',
    async (query) => {
      const found = await search(query, 20, 60);
      expect(found.rowsJson).toBe('[]');
      expect(found).toMatchObject({ rowCount: 0, truncated: false, lowConfidence: true, message: 'No products >= 60%' });
    },
  );

  test('a higher threshold never brings more', async () => {
    const counts = await Promise.all(
      [0, 30, 60, 90].map(async (threshold) => (await search('paint roller', 100, threshold)).rowCount),
    );
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts[1]).toBeGreaterThan(0);
  });
});

test.each([
  [1, 1, 100],
  [1, 0, 90],
  [0, 1, 85],
  [0, 0, 0],
  [0.5, 0.2, 47],
])('cover %d and likeness %d score %d', (cover, likeness, score) => {
  expect(lexicalScore(cover, likeness)).toBeCloseTo(score);
});

test('a chance likeness of letters stays under the default threshold', () => {
  expect(lexicalScore(0, 0.29)).toBeLessThan(30);
});
