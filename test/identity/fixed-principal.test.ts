import { expect, test } from 'vitest';
import { fixedPrincipal } from '../../src/identity/fixed-principal.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { directory, idsOf } from './zava-directory.ts';

function fixed(role: string, tenantNames: string[] = [], groupNames: string[] = []) {
  return fixedPrincipal({ role, tenantNames, groupNames, directory, rules: retailDefinition });
}

test.each<[string, string[], string[], number[]]>([
  ['super_admin', [], [], [1, 2, 3, 4, 5, 6, 7, 8]],
  ['super_admin', ['Seattle'], [], [1]],
  ['super_admin', [], ['Puget Sound'], [1, 2, 6, 7]],
  ['super_admin', ['Redmond'], ['Puget Sound'], [6]],
  ['regional_manager', [], ['Puget Sound', 'Online'], [1, 2, 6, 7, 8]],
  ['regional_manager', ['Seattle', 'Online'], ['Puget Sound', 'Online'], [1, 8]],
  ['store_manager', ['Tacoma', 'Seattle'], [], [1, 3]],
])('%s with stores %j and regions %j sees %j', (role, tenants, groups, expected) => {
  expect(idsOf(fixed(role, tenants, groups))).toEqual(expected);
});

test('it has the permissions of its role and a subject for the audit trail', () => {
  expect(fixed('store_manager', ['Seattle'])).toMatchObject({
    subject: 'local',
    roles: ['store_manager'],
    permissions: new Set(['catalog:read', 'sales:read']),
  });
  const options = { role: 'super_admin', tenantNames: [], groupNames: [], directory, rules: retailDefinition, subject: 'ann' };
  expect(fixedPrincipal(options).subject).toBe('ann');
});

test.each<[string, string, string[], string[], string]>([
  ['an unknown role', 'owner', [], [], 'super_admin, regional_manager, store_manager'],
  ['an unknown store', 'super_admin', ['Settle'], [], 'Zava Retail Seattle'],
  ['an unknown region', 'super_admin', [], ['Atlantis'], 'Puget Sound'],
  ['a store manager without a store', 'store_manager', [], [], '--store'],
  ['a store manager with a region', 'store_manager', [], ['Puget Sound'], '--store'],
  ['a regional manager without a region', 'regional_manager', [], [], '--region'],
  ['a regional manager with a store only', 'regional_manager', ['Seattle'], [], '--region'],
  ['a store outside the region', 'regional_manager', ['Seattle', 'Online'], ['Puget Sound'], '--region'],
  ['a store outside the narrowing region', 'super_admin', ['Online'], ['Puget Sound'], '--region'],
])('%s is refused with what to write instead', (_what, role, tenants, groups, hint) => {
  expect(() => fixed(role, tenants, groups)).toThrow(
    expect.objectContaining({ code: 'forbidden', hint: expect.stringContaining(hint) }),
  );
});
