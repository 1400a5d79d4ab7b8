import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolvePrincipal } from '../../src/identity/tenant-scope.ts';
import type { VerifiedClaims } from '../../src/identity/verified-claims.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { claims, directory, idsOf, keyOf, zeroKey } from './zava-directory.ts';

const everything = [1, 2, 3, 4, 5, 6, 7, 8];

function resolve(over: Partial<VerifiedClaims>, header: readonly string[] = []) {
  return resolvePrincipal({ claims: claims(over), header, directory, rules: retailDefinition });
}

describe('the matrix of 3 roles and 8 stores', () => {
  const puget = [1, 2, 6, 7];
  const cases = directory.flatMap(({ id, name }) => [
    { role: 'super_admin', id, name, sees: true },
    { role: 'regional_manager', id, name, sees: puget.includes(id) },
    { role: 'store_manager', id, name, sees: id === 3 },
  ]);
  const grants = { tenantKeys: [keyOf(3)], groups: ['Puget Sound'] };

  test.each(cases)('$role sees $name: $sees', ({ role, id, sees }) => {
    expect(idsOf(resolve({ roles: [role], ...grants }).principal).includes(id)).toBe(sees);
  });

  test.each(cases)('$role may narrow to $name: $sees', ({ role, id, sees }) => {
    const narrow = () => idsOf(resolve({ roles: [role], ...grants }, [keyOf(id)]).principal);
    if (sees) expect(narrow()).toEqual([id]);
    else expect(narrow).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });
});

describe('roles', () => {
  test('add up, whatever their order', () => {
    const grants = { tenantKeys: [keyOf(8)], groups: ['North Sound'] };
    const one = resolve({ roles: ['store_manager', 'regional_manager'], ...grants }).principal;
    const two = resolve({ roles: ['regional_manager', 'store_manager'], ...grants }).principal;
    expect(idsOf(one)).toEqual([5, 8]);
    expect([...one.permissions].sort()).toEqual(['catalog:read', 'costs:read', 'sales:read']);
    expect(two).toEqual(one);
  });

  test.each([
    ['no role', { tenantKeys: [keyOf(1)], groups: ['Puget Sound'] }],
    ['an unknown role', { roles: ['owner'], tenantKeys: [keyOf(1)] }],
    ['a role in other letters', { roles: ['Super_Admin'] }],
    ['a store manager with regions only', { roles: ['store_manager'], groups: ['Puget Sound'] }],
    ['a regional manager with stores only', { roles: ['regional_manager'], tenantKeys: [keyOf(1)] }],
    ['the zero key', { roles: ['store_manager'], tenantKeys: [zeroKey] }],
    ['a name of an object property', { roles: ['store_manager'], tenantKeys: ['constructor', '__proto__'] }],
  ])('%s: no store at all', (_what, over) => {
    expect(resolve(over).principal.tenants).toEqual([]);
  });

  test('tenants come by ascending id', () => {
    const principal = resolvePrincipal({
      claims: claims({ roles: ['super_admin'] }),
      header: [],
      directory: directory.toReversed(),
      rules: retailDefinition,
    }).principal;
    expect(idsOf(principal)).toEqual(everything);
  });

  test('keys are compared without case', () => {
    expect(idsOf(resolve({ roles: ['store_manager'], tenantKeys: [keyOf(7).toUpperCase()] }).principal)).toEqual([7]);
  });
});

describe('permissions', () => {
  test.each<[string, Partial<VerifiedClaims>, string[]]>([
    ['a role gives its own', { roles: ['store_manager'] }, ['catalog:read', 'sales:read']],
    [
      'a known permission adds',
      { roles: ['store_manager'], permissions: ['ops:read'] },
      ['catalog:read', 'sales:read', 'ops:read'],
    ],
    ['an unknown permission adds nothing', { roles: ['store_manager'], permissions: ['root'] }, ['catalog:read', 'sales:read']],
    ['a known scope narrows', { roles: ['store_manager'], scopes: ['catalog:read'] }, ['catalog:read']],
    ['a scope never adds', { roles: ['store_manager'], scopes: ['catalog:read', 'costs:read'] }, ['catalog:read']],
    ['a scope alone gives nothing', { scopes: ['sales:read'] }, []],
    ['unknown scopes do not narrow', { roles: ['store_manager'], scopes: ['openid'] }, ['catalog:read', 'sales:read']],
  ])('%s', (_what, over, expected) => {
    expect([...resolve(over).principal.permissions].sort()).toEqual(expected.sort());
  });
});

test('what means nothing is reported, once', () => {
  const { ignored } = resolve({
    roles: ['store_manager', 'owner'],
    permissions: ['sales:read', 'root', 'root'],
    tenantKeys: [keyOf(1), 'FFFFFFFF-0000-0000-0000-000000000000'],
    groups: ['Atlantis'],
  });
  expect(ignored).toEqual([
    { claim: 'roles', value: 'owner' },
    { claim: 'permissions', value: 'root' },
    { claim: 'allowed_stores', value: 'ffffffff-0000-0000-0000-000000000000' },
    { claim: 'allowed_regions', value: 'Atlantis' },
  ]);
});

describe('the narrowing header', () => {
  const manager = { roles: ['store_manager'], tenantKeys: [keyOf(6), keyOf(7)] };
  const admin = { roles: ['super_admin'] };

  test.each<[string, Partial<VerifiedClaims>, string[], number[]]>([
    ['absent: the whole scope', manager, [], [6, 7]],
    ['Redmond, whose key has no valid variant', manager, [keyOf(6)], [6]],
    ['Kirkland, whose key has no valid version', manager, [keyOf(7)], [7]],
    ['in capital letters', manager, [keyOf(7).toUpperCase()], [7]],
    ['one store for an administrator', admin, [keyOf(3)], [3]],
    ['the zero key for an administrator', admin, [zeroKey], everything],
  ])('%s', (_what, over, header, expected) => {
    expect(idsOf(resolve(over, header).principal)).toEqual(expected);
  });

  test.each<[string, Partial<VerifiedClaims>, string[]]>([
    ["somebody else's store", manager, [keyOf(1)]],
    ['a store that does not exist', admin, ['11111111-1111-1111-1111-111111111111']],
    ['the zero key for a manager', manager, [zeroKey]],
    ['the zero key for a manager of every store', { ...manager, tenantKeys: directory.map(({ key }) => key) }, [zeroKey]],
    ['an empty value', manager, ['']],
    ['two headers', manager, [keyOf(6), keyOf(6)]],
    ['a comma list', manager, [`${keyOf(6)}, ${keyOf(7)}`]],
    ['a trailing comma', manager, [`${keyOf(6)},`]],
    ['blanks around', manager, [` ${keyOf(6)} `]],
    ['a line break after', manager, [`${keyOf(6)}\n`]],
    ['braces', manager, [`{${keyOf(6)}}`]],
    ['no hyphens', manager, [keyOf(6).replaceAll('-', '')]],
    ['a letter beyond f', manager, [keyOf(6).replace('e', 'g')]],
    ["a store's name", manager, ['Zava Retail Redmond']],
    ["a store's number", manager, ['6']],
    ['a store in scope for a token without scope', {}, [keyOf(6)]],
  ])('%s is forbidden', (_what, over, header) => {
    expect(() => resolve(over, header)).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });

  test('does not tell foreign stores from unknown ones', () => {
    const messageFor = (key: string) => {
      try {
        resolve(manager, [key]);
      } catch (error) {
        return (error as Error).message;
      }
      return 'accepted';
    };
    expect(messageFor(keyOf(1))).toBe(messageFor('11111111-1111-1111-1111-111111111111'));
    expect(messageFor(keyOf(1))).toContain('outside your scope');
  });

  test('never widens, whatever token and header', () => {
    const key = fc.constantFrom(...directory.map((tenant) => tenant.key), zeroKey, 'nonsense');
    const anyClaims = fc.record({
      roles: fc.subarray(retailDefinition.callerRoles.map((role) => role.name)),
      permissions: fc.subarray([...retailDefinition.permissions]),
      scopes: fc.subarray([...retailDefinition.permissions, 'openid']),
      tenantKeys: fc.array(key),
      groups: fc.array(fc.constantFrom(...directory.map((tenant) => tenant.group), 'Atlantis')),
    });
    fc.assert(
      fc.property(anyClaims, fc.array(key, { maxLength: 2 }), (over, header) => {
        const whole = resolve(over).principal;
        let narrowed = whole;
        try {
          narrowed = resolve(over, header).principal;
        } catch (error) {
          expect(error).toMatchObject({ code: 'forbidden' });
        }
        expect(idsOf(whole)).toEqual(expect.arrayContaining(idsOf(narrowed)));
        expect(narrowed.permissions).toEqual(whole.permissions);
        // A request that was not refused sees something, or had nothing to see and asked for nothing.
        if (narrowed !== whole && header.length > 0 && !header.includes(zeroKey)) expect(idsOf(narrowed)).toHaveLength(1);
      }),
    );
  });
});

describe('what is refused and ignored is told', () => {
  const told = (header: readonly string[]) => {
    try {
      resolve({ roles: ['store_manager'], tenantKeys: [keyOf(1)] }, header);
    } catch (error) {
      return { message: (error as Error).message, hint: (error as { hint?: string }).hint };
    }
    return undefined;
  };

  test.each([
    [[keyOf(1), keyOf(1)], 'was sent more than once', 'Send it once.'],
    [['not a key'], 'is not one tenant key', 'Send 8-4-4-4-12 hexadecimal digits, or leave it out.'],
    [[`${keyOf(1)},${keyOf(1)}`], 'is not one tenant key', 'Send 8-4-4-4-12 hexadecimal digits, or leave it out.'],
    [[keyOf(2)], 'names a tenant outside your scope', 'Leave it out to use all that you may see.'],
  ])('%j', (header, what, hint) => {
    expect(told(header)).toEqual({ message: `The x-rls-user-id header ${what}`, hint });
  });

  test('the zero key is every store for whoever has them all by one of the roles', () => {
    const grants = { roles: ['store_manager', 'super_admin'], tenantKeys: [keyOf(1)] };
    expect(idsOf(resolve(grants, [zeroKey]).principal)).toEqual(everything);
  });

  test('roles and regions that are known are not told as unknown', () => {
    const { principal, ignored } = resolve({ roles: ['regional_manager', 'owner'], groups: ['Puget Sound', 'Mars'] });
    expect(principal.roles).toEqual(['regional_manager']);
    expect(ignored.map(({ value }) => value)).toEqual(['owner', 'Mars']);
  });
});
