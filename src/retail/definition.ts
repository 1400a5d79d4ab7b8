import type { SchemaDefinition } from '../core/schema-definition.ts';
import { retailTables } from './tables.ts';

/** The Zava retail schema as the rest of the server sees it. */
export const retailDefinition: SchemaDefinition = {
  schema: 'retail',
  relations: retailTables,
  readerRoles: [
    { suffix: 'reader', permissions: [] },
    { suffix: 'reader_costs', permissions: ['costs:read'] },
    { suffix: 'reader_pii', permissions: ['customers:pii'] },
    { suffix: 'reader_costs_pii', permissions: ['costs:read', 'customers:pii'] },
  ],
  callerRoles: [
    {
      name: 'super_admin',
      permissions: ['catalog:read', 'sales:read', 'costs:read', 'customers:pii', 'ops:read'],
      scope: 'all',
    },
    { name: 'regional_manager', permissions: ['catalog:read', 'sales:read', 'costs:read'], scope: 'groups' },
    { name: 'store_manager', permissions: ['catalog:read', 'sales:read'], scope: 'tenants' },
  ],
  permissions: ['catalog:read', 'sales:read', 'costs:read', 'customers:pii', 'ops:read'],
  useScopeFunction: 'retail.use_scope',
  tenantDirectoryFunction: 'retail.tenant_directory',
};
