import { describe, expect, test } from 'vitest';
import { indexCatalogue } from '../../../src/search/catalogue-index.ts';
import { confidenceIn, confidentFrom, evidenceOf, similarityOf } from '../../../src/search/ranking/confidence.ts';
import type { TradeWords } from '../../../src/search/ranking/expansion.ts';
import { rankItems } from '../../../src/search/ranking/rank-items.ts';

/** Another shop than the one the server ships with: nothing here is about home improvement. */
const pantry = [
  ['Green Tea', 'DRINKS', 'TEA', 'Loose leaves from the hills, no caffeine.', 6],
  ['Black Tea Bags', 'DRINKS', 'TEA', 'Strong bags for the morning.', 3],
  ['Espresso Beans 16oz', 'DRINKS', 'COFFEE', 'Dark roast for machines.', 14],
  ['Paper Filters 4x8x1/2', 'TOOLS', 'FILTERS', 'For pouring coffee by hand.', 2],
  ['Gift Box', 'TOOLS', 'BOXES', 'Holds tea or coffee.', 30],
] as const;
const words: TradeWords = {
  kinds: { 'DRINKS > COFFEE': { also: 'java, brew', for: 'wake up, stay awake' } },
  concepts: [{ when: ['espresso'], also: 'barista', for: 'a short strong cup' }],
  elsewhere: ['beer'],
};
const items = pantry.map(([title, group, kind, text, price], position) => ({
  key: String(position),
  code: `PAN${position}`,
  title,
  group,
  kind,
  text,
  price,
  row: {},
}));
const indexed = (trade: TradeWords = words) => indexCatalogue(items, trade, () => false);
const ask = (text: string, closeness?: ReadonlyMap<number, number>, trade?: TradeWords) => {
  const { index, read } = indexed(trade);
  const question = read(text);
  return rankItems({ index, question, ...(closeness && { closeness }), priceOf: (position) => items[position]?.price });
};
const titles = (...args: Parameters<typeof ask>) => ask(...args).map(({ position }) => items[position]?.title);

describe('ranking by words', () => {
  test('the thing itself comes before things that mention it', () => {
    expect(titles('tea')).toEqual(['Green Tea', 'Black Tea Bags', 'Gift Box']);
    expect(titles('coffee')[0]).toBe('Espresso Beans 16oz');
  });

  test('the trade’s words find what the catalogue calls otherwise, and only with them', () => {
    expect(titles('something to stay awake')).toEqual(['Espresso Beans 16oz']);
    expect(titles('barista')).toEqual(['Espresso Beans 16oz']);
    expect(titles('barista', undefined, { ...words, except: ['DRINKS > COFFEE'] })).toEqual([]);
  });

  test('misspellings are mended before the ranking', () => {
    expect(titles('expresso beens')[0]).toBe('Espresso Beans 16oz');
  });

  test('sizes and codes find their item', () => {
    expect(titles('16 ounces')).toEqual(['Espresso Beans 16oz']);
    expect(titles('4 x 8')).toEqual(['Paper Filters 4x8x1/2']);
    expect(titles('1/2 inch')).toEqual(['Paper Filters 4x8x1/2']);
    expect(titles('pan3')).toEqual(['Paper Filters 4x8x1/2']);
  });

  test('what says of itself that it is without something is found by that, and others that have it fall back', () => {
    expect(titles('tea without caffeine')[0]).toBe('Green Tea');
    expect(titles('tea, no bags')[0]).toBe('Green Tea');
    expect(titles('coffee but not espresso')[0]).not.toBe('Espresso Beans 16oz');
  });

  test('prices keep the rest out, and a wish for the cheap turns the order among equals', () => {
    expect(titles('tea under $5')).toEqual(['Black Tea Bags']);
    expect(titles('tea over $20')).toEqual(['Gift Box']);
    expect(titles('cheapest tea')[0]).toBe('Black Tea Bags');
    expect(titles('most expensive tea')[0]).toBe('Green Tea');
  });

  test('nothing in common is no match', () => {
    expect(ask('zzzz')).toEqual([]);
    expect(ask('')).toEqual([]);
  });
});

describe('the gate between words and meaning', () => {
  const far = new Map([[4, 1]]);
  test('where the words cover the question, meaning cannot take the first place', () => {
    expect(titles('black tea bags', far)[0]).toBe('Black Tea Bags');
  });

  test('where they cover nothing, meaning decides', () => {
    expect(titles('surprise for grandma', far)).toEqual(['Gift Box']);
  });
});

describe('confidence', () => {
  const confidenceOf = (text: string, trade?: TradeWords) => {
    const { index, read } = indexed(trade);
    return confidenceIn(evidenceOf(index, read(text), ask(text, undefined, trade), false));
  };

  test('the default threshold of 30 keeps what the catalogue answers and drops what it does not', () => {
    for (const answered of ['green tea', 'espresso', 'stay awake', 'coffee filters']) {
      expect(similarityOf(confidenceOf(answered), 1, 1), answered).toBeGreaterThan(100 * confidentFrom);
    }
    for (const not of ['quarterly figures', 'beer glasses', 'zebra crossing']) {
      expect(similarityOf(confidenceOf(not), 1, 1), not).toBeLessThan(30);
    }
  });

  test('a thing that such a shop does not have is worse than an unknown word, and both worse than known ones', () => {
    const known = confidenceIn({ words: 0.4, unknown: 0, elsewhere: 0 });
    const unknown = confidenceIn({ words: 0.4, unknown: 0.5, elsewhere: 0 });
    const elsewhere = confidenceIn({ words: 0.4, unknown: 0, elsewhere: 0.5 });
    expect([known, unknown, elsewhere]).toEqual([known, unknown, elsewhere].sort((a, b) => b - a));
  });

  test('a row is worth the less the further it lags behind the first, and nothing where nothing was found', () => {
    expect(similarityOf(0.9, 0.8, 0.8)).toBe(93.9);
    expect(similarityOf(0.9, 0.2, 0.8)).toBe(46.9);
    expect(similarityOf(0.9, 0, 0)).toBe(0);
  });

  test('it stays between 0 and 1 whatever the evidence', () => {
    for (const words of [0, 1]) {
      for (const closeness of [undefined, 0, 1]) {
        const value = confidenceIn({ words, unknown: 1 - words, elsewhere: 0, ...(closeness !== undefined && { closeness }) });
        expect(value).toBeGreaterThan(0);
        expect(value).toBeLessThan(1);
      }
    }
  });
});
