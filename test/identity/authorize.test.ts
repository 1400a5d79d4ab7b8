import { expect, test } from 'vitest';
import { authorize } from '../../src/identity/authorize.ts';

const principal = { subject: 'ann', roles: [], permissions: new Set(['catalog:read']), tenants: [] };

test('a permission that is held passes', () => {
  expect(() => authorize(principal, 'catalog:read')).not.toThrow();
});

test('a missing permission is named together with the scope to ask for', () => {
  expect(() => authorize(principal, 'sales:read')).toThrow(
    expect.objectContaining({
      code: 'insufficient_scope',
      message: expect.stringContaining('sales:read'),
      hint: expect.stringContaining('scope sales:read'),
    }),
  );
});
