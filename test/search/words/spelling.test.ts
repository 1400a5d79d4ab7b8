import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type IsWord, loadEnglish } from '../../../src/search/words/dictionary.ts';
import { createSpelling, distance } from '../../../src/search/words/spelling.ts';

const vocabulary = new Map(
  [
    'hammer',
    'faucet',
    'polyurethane',
    'insulation',
    'screwdriver',
    'deadbolt',
    'pliers',
    'rake',
    'film',
    'drill',
    'garden',
    'hose',
    'facet',
  ].map((word) => [word, 5]),
);
let isWord: IsWord;
beforeAll(async () => {
  isWord = await loadEnglish();
});
const mend = (word: string) => createSpelling({ vocabulary, isWord }).mend(word);

describe('a misspelt word is read as the catalogue writes it', () => {
  test.each([
    ['hamer', 'hammer'],
    ['hammmer', 'hammer'],
    ['fawcet', 'faucet'],
    ['poliurethane', 'polyurethane'],
    ['insullation', 'insulation'],
    ['screwdrivr', 'screwdriver'],
    ['plyers', 'pliers'],
    ['dirll', 'drill'],
  ])('%s is %s', (written, meant) => {
    expect(mend(written)).toEqual([meant]);
  });

  test('two words that ran together are taken apart, and one that was torn is joined', () => {
    expect(mend('gardenhose')).toEqual(['garden', 'hose']);
    const { joins } = createSpelling({ vocabulary, isWord });
    expect(joins('dead', 'bolt')).toBe('deadbolt');
    expect(joins('a', 'bolt')).toBeUndefined();
  });

  test.each(['kayak', 'firm', 'holiday', 'walked', 'puppies', 'qqqqqqqq', 'xyz', '16oz', '1/2in'])(
    '%s is left as it is',
    (word) => {
      expect(mend(word)).toEqual([word]);
    },
  );
});

test('distance counts edits, a swap of neighbours as one, and gives up beyond the most', () => {
  expect(distance('drill', 'dirll', 2)).toBe(1);
  expect(distance('drill', 'drill', 0)).toBe(0);
  expect(distance('drill', 'thrill', 2)).toBe(2);
  expect(distance('drill', 'hammer', 2)).toBe(3);
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      expect(distance(a, b, 8)).toBe(distance(b, a, 8));
      expect(distance(a, b, 8) === 0).toBe(a === b);
    }),
  );
});
