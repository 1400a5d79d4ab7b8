import { expect, test } from 'vitest';
import { resolveGroupNames, resolveTenantNames } from '../../src/identity/tenant-names.ts';
import { directory, keyOf } from './zava-directory.ts';

test.each([
  ['the full name', 'Zava Retail Seattle'],
  ['the last word', 'Seattle'],
  ['small letters', 'zava retail seattle'],
  ['blanks around', '  SEATTLE '],
  ['the key', keyOf(1)],
  ['the key in capitals', keyOf(1).toUpperCase()],
])('a tenant is found by %s', (_what, name) => {
  expect(resolveTenantNames(directory, [name])).toEqual([directory[0]]);
});

test('several names keep their order', () => {
  expect(resolveTenantNames(directory, ['Online', 'Tacoma']).map(({ id }) => id)).toEqual([8, 3]);
});

test.each(['Settle', 'Zava', '', 'Retail Seattle'])('"%s" is refused with the names that exist', (name) => {
  expect(() => resolveTenantNames(directory, [name])).toThrow(
    expect.objectContaining({ code: 'forbidden', hint: expect.stringMatching(/Zava Retail Bellevue, .*Zava Retail Tacoma/) }),
  );
});

test('a last word that two tenants share is refused with both', () => {
  const twin = { id: 9, name: 'Other Shop Seattle', key: keyOf(2), group: 'Puget Sound' };
  expect(() => resolveTenantNames([...directory, twin], ['seattle'])).toThrow(
    expect.objectContaining({ hint: 'One of: Other Shop Seattle, Zava Retail Seattle.' }),
  );
});

test('a group is found in any case and spelt as the directory spells it', () => {
  expect(resolveGroupNames(directory, ['puget sound', 'Online'])).toEqual(['Puget Sound', 'Online']);
});

test('an unknown group is refused with the groups that exist', () => {
  expect(() => resolveGroupNames(directory, ['Puget'])).toThrow(
    expect.objectContaining({
      code: 'forbidden',
      hint: 'One of: Inland Northwest, North Sound, Online, Puget Sound, South Sound.',
    }),
  );
});
