import { expect, test } from 'vitest';
import { isReadable, readerRoleFor } from '../../src/core/schema-definition.ts';
import { retailDefinition } from '../../src/retail/definition.ts';

test.each([
  [['sales:read'], 'reader'],
  [['sales:read', 'costs:read'], 'reader_costs'],
  [['customers:pii'], 'reader_pii'],
  [['customers:pii', 'costs:read', 'ops:read'], 'reader_costs_pii'],
  [[], 'reader'],
])('the permissions %j use the login %s', (permissions, suffix) => {
  expect(readerRoleFor(retailDefinition, new Set(permissions)).suffix).toBe(suffix);
});

test('choosing a login leaves the definition as it was', () => {
  const before = retailDefinition.readerRoles.map((role) => role.suffix);
  readerRoleFor(retailDefinition, new Set(['costs:read', 'customers:pii']));
  expect(retailDefinition.readerRoles.map((role) => role.suffix)).toEqual(before);
});

test('a definition whose every login needs a permission is refused rather than widened', () => {
  const definition = { ...retailDefinition, readerRoles: [{ suffix: 'costs', permissions: ['costs:read'] }] };
  expect(() => readerRoleFor(definition, new Set())).toThrow('no reader role');
});

test('a column is readable when it needs nothing or what the login holds, and never when it is for nobody', () => {
  const plain = { name: 'a', type: 'int4', nullable: false };
  const reader = { suffix: 'reader_costs', permissions: ['costs:read'] };
  expect(isReadable(plain, reader)).toBe(true);
  expect(isReadable({ ...plain, readableWith: 'costs:read' }, reader)).toBe(true);
  expect(isReadable({ ...plain, readableWith: 'customers:pii' }, reader)).toBe(false);
  expect(isReadable({ ...plain, readableWith: 'nobody' }, reader)).toBe(false);
});
