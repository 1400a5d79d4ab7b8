import type { ColumnDefinition, SchemaDefinition } from '../../src/core/schema-definition.ts';

const column = (name: string, type: string, extras: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  name,
  type,
  nullable: false,
  ...extras,
});
const shared = { tenantScoped: false, policyReads: [], uniqueKeys: [], relationships: [], hints: [] } as const;
const ofBranch = { ...shared, tenantScoped: true, tenantColumn: 'branch_id' } as const;
const internal = { label: 'internal' } as const;

/** A lending library whose branches are the tenants: all that the server's walls need to know of it. */
export const libraryDefinition: SchemaDefinition = {
  schema: 'library',
  relations: [
    {
      ...shared,
      name: 'districts',
      purpose: 'Districts of the city; every branch belongs to one.',
      columns: [column('district_id', 'int2', internal), column('district_name', 'text')],
      primaryKey: ['district_id'],
    },
    {
      ...shared,
      name: 'branches',
      purpose: 'Branches of the library.',
      columns: [
        column('branch_id', 'int4', internal),
        column('branch_name', 'text'),
        column('public_id', 'uuid', { readableWith: 'nobody', ...internal }),
        column('district_id', 'int2', internal),
      ],
      primaryKey: ['branch_id'],
      relationships: [{ columns: ['district_id'], references: 'districts', referencedColumns: ['district_id'] }],
      hints: ['Show branch_name, never branch_id.'],
    },
    {
      ...shared,
      name: 'titles',
      purpose: 'Books that the library owns copies of, in whichever branch.',
      columns: [column('title_id', 'int4', internal), column('title', 'text'), column('author', 'text')],
      primaryKey: ['title_id'],
    },
    {
      ...ofBranch,
      name: 'members',
      purpose: 'People registered at a branch in scope.',
      columns: [
        column('member_id', 'int4', internal),
        column('branch_id', 'int4', internal),
        column('full_name', 'text', { label: 'personal' }),
        column('email', 'text', { readableWith: 'customers:pii', label: 'personal' }),
      ],
      primaryKey: ['member_id'],
      relationships: [{ columns: ['branch_id'], references: 'branches', referencedColumns: ['branch_id'] }],
    },
    {
      ...ofBranch,
      name: 'loans',
      purpose: 'Books lent by a branch in scope; returned_on is null while a book is out.',
      columns: [
        column('loan_id', 'int4', internal),
        column('branch_id', 'int4', internal),
        column('member_id', 'int4', internal),
        column('title_id', 'int4', internal),
        column('lent_on', 'date'),
        column('returned_on', 'date', { nullable: true }),
      ],
      primaryKey: ['loan_id'],
      relationships: [
        { columns: ['branch_id'], references: 'branches', referencedColumns: ['branch_id'] },
        { columns: ['member_id', 'branch_id'], references: 'members', referencedColumns: ['member_id', 'branch_id'] },
        { columns: ['title_id'], references: 'titles', referencedColumns: ['title_id'] },
      ],
    },
  ],
  readerRoles: [
    { suffix: 'reader', permissions: [] },
    { suffix: 'reader_pii', permissions: ['customers:pii'] },
  ],
  // The tools' own permissions: rows of tenants need sales:read, whatever a schema sells or lends.
  callerRoles: [
    { name: 'director', permissions: ['catalog:read', 'sales:read', 'customers:pii', 'ops:read'], scope: 'all' },
    { name: 'district_head', permissions: ['catalog:read', 'sales:read'], scope: 'groups' },
    { name: 'librarian', permissions: ['catalog:read', 'sales:read'], scope: 'tenants' },
  ],
  permissions: ['catalog:read', 'sales:read', 'customers:pii', 'ops:read'],
  useScopeFunction: 'library.use_scope',
  tenantDirectoryFunction: 'library.tenant_directory',
};
