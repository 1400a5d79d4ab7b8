import { expect, test } from 'vitest';
import { at } from '../../../src/retail/sample-data/columns.ts';

test('a value is read by index or name, null included', () => {
  expect(at(Uint8Array.of(7, 8), 1)).toBe(8);
  expect(at({ phone: null }, 'phone')).toBeNull();
});

test('a key without a value is a fault', () => {
  expect(() => at([1], 1)).toThrow(RangeError);
  expect(() => at({ phone: '1' }, 'email')).toThrow(/email/);
});
