import { describe, expect, test } from 'vitest';
import { firstNames, foldName, lastNames } from '../../../src/retail/sample-data/names.ts';

describe.each([
  ['first names', firstNames],
  ['last names', lastNames],
])('the %s', (_what, names) => {
  test('are 200 or more, all different, in composed form', () => {
    expect(names.length).toBeGreaterThanOrEqual(200);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name !== name.normalize('NFC'))).toEqual([]);
  });

  test('include an apostrophe, a hyphen and an accent, and nothing odd', () => {
    for (const sample of [/'/, /-/, /[^\x20-\x7e]/]) expect(names.some((name) => sample.test(name))).toBe(true);
    expect(names.filter((name) => !/^[\p{Lu}](?:'?[\p{L}]|-(?=\p{Lu}))*$/u.test(name))).toEqual([]);
  });

  test('fold to lower-case ASCII without losing a letter', () => {
    for (const name of names) {
      expect(foldName(name)).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(foldName(name)).toHaveLength(name.replaceAll("'", '').length);
    }
  });
});

test.each([
  ["O'Brien", 'obrien'],
  ['Élodie', 'elodie'],
  ['Núñez', 'nunez'],
  ['Smith-Jones', 'smith-jones'],
])('%s folds to %s', (name, folded) => {
  expect(foldName(name)).toBe(folded);
});
