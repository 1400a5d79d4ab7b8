/** Names fixed by contract with issuers and clients. Inside the server the same things are tenants and groups. */
export const claimNames = {
  roles: 'roles',
  permissions: 'permissions',
  tenantKeys: 'allowed_stores',
  groups: 'allowed_regions',
  tokenId: 'jti',
  scope: 'scope',
  scp: 'scp',
} as const;

/** Request header that narrows a token's scope to one tenant. */
export const scopeHeader = 'x-rls-user-id';

/** In `scopeHeader`: everything the caller has, for callers whose role sees every tenant. It is never a tenant's key. */
export const everyTenantKey = '00000000-0000-0000-0000-000000000000';

/** Shape only: keys in use are not all valid by RFC 9562 (version and variant digits are free). */
export const tenantKeyShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
