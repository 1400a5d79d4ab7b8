import type { Tenant } from '../../src/core/principal.ts';
import type { VerifiedClaims } from '../../src/identity/verified-claims.ts';

const stores = [
  ['Seattle', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', 'Puget Sound'],
  ['Bellevue', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'Puget Sound'],
  ['Tacoma', 'a1b2c3d4-e5f6-7890-abcd-ef1234567890', 'South Sound'],
  ['Spokane', 'd8e9f0a1-b2c3-4567-8901-234567890abc', 'Inland Northwest'],
  ['Everett', '3b9ac9fa-cd5e-4b92-a7f2-b8c1d0e9f2a3', 'North Sound'],
  ['Redmond', 'e7f8a9b0-c1d2-3e4f-5678-90abcdef1234', 'Puget Sound'],
  ['Kirkland', '9c8b7a65-4321-fed0-9876-543210fedcba', 'Puget Sound'],
  ['Online', '2f4e6d8c-1a3b-5c7e-9f0a-b2d4f6e8c0a2', 'Online'],
] as const;

export const directory: readonly Tenant[] = stores.map(([name, key, group], index) => ({
  id: index + 1,
  name: `Zava Retail ${name}`,
  key,
  group,
}));

export const zeroKey = '00000000-0000-0000-0000-000000000000';

export function keyOf(id: number): string {
  return directory[id - 1]!.key;
}

export function claims(over: Partial<VerifiedClaims> = {}): VerifiedClaims {
  return {
    issuer: 'zava-auth',
    subject: 'ann',
    tokenId: 'token-1',
    issuedAt: 0,
    expiresAt: 3600,
    roles: [],
    permissions: [],
    scopes: [],
    tenantKeys: [],
    groups: [],
    ...over,
  };
}

export function idsOf(principal: { readonly tenants: readonly Tenant[] }): number[] {
  return principal.tenants.map((tenant) => tenant.id);
}
