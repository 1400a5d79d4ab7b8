import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { expect, test } from 'vitest';
import { estimateTokens } from '../../src/query/token-estimate.ts';
import { alphabet, randomText, rowsOf } from './wide-values.ts';

test.each(Object.entries(rowsOf))('%s are estimated about right, rather too high than too low', (_what, row) => {
  const text = Array.from({ length: 300 }, (_, index) => JSON.stringify(row(index))).join(',');
  const ratio = estimateTokens(text) / countTokens(text);
  expect(ratio).toBeGreaterThan(0.8);
  expect(ratio).toBeLessThan(2.5);
});

test('prose is not taken for a table of numbers', () => {
  const prose = 'Outdoor deck stain with UV protection that allows wood grain to show through natural finish. '.repeat(100);
  expect(estimateTokens(prose) / Buffer.byteLength(prose)).toBeLessThan(0.27);
});

test('no text costs more than its bytes, and nothing costs nothing', () => {
  expect(estimateTokens('')).toBe(0);
  for (let size = 1; size < 400; size += 37) {
    const text = randomText(size, alphabet.printable);
    expect(estimateTokens(text)).toBeLessThanOrEqual(Buffer.byteLength(text) + 1);
  }
});
