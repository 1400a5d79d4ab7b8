import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentTerms, normaliseText, stemOf, termsOf } from '../../../src/search/words/terms.ts';

const words = (text: string) => termsOf(text).map(({ word }) => word);

describe('a size has one form, however it is written', () => {
  test.each([
    ['1/2-inch', '1/2in'],
    ['1/2 inch', '1/2in'],
    ['1/2"', '1/2in'],
    ['½ inch', '1/2in'],
    ['0.5 inches', '1/2in'],
    ['1 1/2 inches', '1-1/2in'],
    ['1-1/2"', '1-1/2in'],
    ['1½″', '1-1/2in'],
    ['1.5 in', '1-1/2in'],
    ['50-foot', '50ft'],
    ['50 feet', '50ft'],
    ["50'", '50ft'],
    ['16oz', '16oz'],
    ['16 ounces', '16oz'],
    ['18V', '18v'],
    ['18 volts', '18v'],
    ['20-Amp', '20amp'],
    ['12 AWG', '12ga'],
    ['40 lbs', '40lb'],
    ['4 x 8', '4x8'],
    ['4×8×3/4', '4x8x3/4'],
    ['3,000', '3000'],
    ['0.3 in', '0.3in'],
  ])('%s is %s', (written, form) => {
    expect(words(written)).toEqual([form]);
  });

  test('a letter that is no unit stays a word', () => {
    expect(words('15 a day')).toEqual(['15', 'a', 'day']);
    expect(words('$30 in cash')).toEqual(['30', 'in', 'cash']);
  });
});

describe('words', () => {
  test.each([
    ['colour', 'color'],
    ['mould', 'mold'],
    ['tyres', 'tire'],
    ['fibreglass', 'fiberglass'],
    ['grey', 'gray'],
    ['aluminium', 'aluminum'],
    ['organiser', 'organizer'],
    ['hammers', 'hammer'],
    ['painting', 'paint'],
  ])('%s and %s share a stem', (one, other) => {
    expect(stemOf(one)).toBe(stemOf(other));
  });

  test('accents, quotes and possession are no difference', () => {
    expect(words('Décor')).toEqual(['decor']);
    expect(words('Plumber’s putty')).toEqual(words("plumber's putty"));
    expect(words("Lineman's")).toEqual(['lineman']);
  });

  test('what carries no meaning is left out', () => {
    expect(contentTerms('I need something to fix the door').map(({ word }) => word)).toEqual(['fix', 'door']);
  });

  test('whatever a caller sends, reading it ends, and its words are plain', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        for (const { word } of termsOf(text)) expect(word).toMatch(/^[a-z0-9/.-]*$/);
      }),
    );
  });

  test('repeats that would send a careless pattern astray are read at once', () => {
    for (const part of ['1/', '1-1/', '4x', "a'", '1.1', '1 1/2 ', '½'])
      expect(normaliseText(part.repeat(250)).length).toBeLessThan(3000);
  });
});
