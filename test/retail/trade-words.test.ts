import { expect, test } from 'vitest';
import { loadReferenceData } from '../../src/retail/sample-data/reference-data.ts';
import { loadTradeWords } from '../../src/retail/trade-words.ts';
import { createExpansion } from '../../src/search/ranking/expansion.ts';

const { categories, types, products } = loadReferenceData();
const nameOf = (list: readonly { id: number; name: string }[], id: number) => list.find((one) => one.id === id)?.name ?? '';

test('every type of the catalogue has its names and its uses, and no other has', async () => {
  const { kinds } = await loadTradeWords();
  const expected = types.map((type) => `${nameOf(categories, type.categoryId)} > ${type.name}`);
  expect(Object.keys(kinds).sort()).toEqual(expected.sort());
  for (const [kind, words] of Object.entries(kinds)) {
    expect(words.also.split(', ').length, kind).toBeGreaterThanOrEqual(3);
    expect(words.for.split(', ').length, kind).toBeGreaterThanOrEqual(5);
  }
});

test('every concept is about something in the catalogue', async () => {
  const { concepts } = await loadTradeWords();
  const idle = concepts.filter((concept) => {
    const expand = createExpansion({ kinds: {}, concepts: [concept], elsewhere: [] });
    return products.every((product) => {
      const kind = { title: product.name, text: product.description, group: '', kind: '' };
      return expand(kind).names.length === 0;
    });
  });
  expect(idle.map(({ when }) => when)).toEqual([]);
});

test('the words are about kinds and concepts, never about one product: no code is in them', async () => {
  const text = JSON.stringify(await loadTradeWords());
  expect(products.filter(({ sku }) => text.includes(sku))).toEqual([]);
});

test('what such a shop does not have is no type of it', async () => {
  const { elsewhere } = await loadTradeWords();
  expect(new Set(elsewhere).size).toBe(elsewhere.length);
  expect(types.filter(({ name }) => elsewhere.includes(name.toLowerCase()))).toEqual([]);
});
