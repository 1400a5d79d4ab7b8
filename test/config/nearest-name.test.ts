import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearMiss } from '../../src/config/nearest-name.ts';

const known = ['POSTGRES_HOST', 'POSTGRES_PORT', 'REDIS_URL', 'HOST', 'DATABASE_URL', 'LOG_LEVEL'];

test.each([
  ['POSTGRES_HOTS', 'POSTGRES_HOST'],
  ['POSTGRES_HOS', 'POSTGRES_HOST'],
  ['POSTGRESHOST', 'POSTGRES_HOST'],
  ['POSTGRES_POORT', 'POSTGRES_PORT'],
  ['REDIS_URI', 'REDIS_URL'],
  ['DATABASE_URLS', 'DATABASE_URL'],
  ['LOG_LEVLE', 'LOG_LEVEL'],
])('%s is meant to be %s', (name, meant) => {
  expect(nearMiss(name, known)).toBe(meant);
});

test.each([
  ['HOME', 'the known name is too short'],
  ['HOSTS', 'the known name is too short'],
  ['DTABASE_URL', 'it begins differently'],
  ['POSTGRES_USERS', 'it is too far'],
  ['POSTGRES_H', 'it is too far'],
  ['REDIS', 'it is too far'],
])('%s: %s', (name) => {
  expect(nearMiss(name, known)).toBeUndefined();
});

test('the nearest of several wins', () => {
  expect(nearMiss('RETRIES_AX', ['RETRIES_BY', 'RETRIES_AY', 'RETRIES_CY'])).toBe('RETRIES_AY');
});

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 2],
])('from "%s" to "%s" are %d edits', (from, to, edits) => {
  expect(editDistance(from, to)).toBe(edits);
});

test('distance is a metric', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
});
