import type { Permission } from './principal.ts';

/** How far a host should trust a column's text, and how carefully it should handle it. */
export type ColumnLabel = 'untrusted_text' | 'personal' | 'internal';

export interface ColumnDefinition {
  readonly name: string;
  /** PostgreSQL's type name as in `pg_type.typname`, for example `int4`. */
  readonly type: string;
  readonly nullable: boolean;
  /** Permission that opens the column to a caller's SQL; `nobody` keeps it closed for everyone. Absent = every reader. */
  readonly readableWith?: Permission | 'nobody';
  readonly label?: ColumnLabel;
}

export interface RelationshipDefinition {
  readonly columns: readonly string[];
  readonly references: string;
  readonly referencedColumns: readonly string[];
}

export interface RelationDefinition {
  readonly name: string;
  readonly purpose: string;
  readonly columns: readonly ColumnDefinition[];
  readonly primaryKey: readonly string[];
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly relationships: readonly RelationshipDefinition[];
  readonly hints: readonly string[];
  /** True where row-level security separates tenants. Shared reference data is protected by grants alone. */
  readonly tenantScoped: boolean;
  /** Column that holds the tenant's id, where the relation has one. */
  readonly tenantColumn?: string;
  /** Relations that this relation's policies read: a cached answer depends on them too. */
  readonly policyReads: readonly string[];
}

/** A login role that callers' SQL runs under; its name follows the installation's role prefix: `<prefix>_<suffix>`. */
export interface ReaderRole {
  readonly suffix: string;
  /** Column permissions that this login holds in the database. */
  readonly permissions: readonly Permission[];
}

export interface CallerRole {
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** Where the role's tenants come from: everything, the groups named by the token, or the tenants named by it. */
  readonly scope: 'all' | 'groups' | 'tenants';
}

/** All that the rest of the server knows of the served schema. Another schema is another value of this type. */
export interface SchemaDefinition {
  readonly schema: string;
  readonly relations: readonly RelationDefinition[];
  /** Ordered from the fewest permissions to the most. */
  readonly readerRoles: readonly ReaderRole[];
  readonly callerRoles: readonly CallerRole[];
  readonly permissions: readonly Permission[];
  /** `use_scope(token)`: verifies a signed tenant token and returns the verified ids. Schema-qualified. */
  readonly useScopeFunction: string;
  /** Function without arguments that returns the tenant directory (id, name, key, group). Schema-qualified. */
  readonly tenantDirectoryFunction: string;
}

/** The login for a set of permissions: the most that the definition offers within what the caller holds. */
export function readerRoleFor(definition: SchemaDefinition, permissions: ReadonlySet<Permission>): ReaderRole {
  const allowed = definition.readerRoles.filter((role) => role.permissions.every((name) => permissions.has(name)));
  const best = allowed.sort((a, b) => b.permissions.length - a.permissions.length)[0];
  if (best === undefined) throw new Error('the schema definition has no reader role without permissions');
  return best;
}

export function isReadable(column: ColumnDefinition, reader: ReaderRole): boolean {
  return column.readableWith === undefined || reader.permissions.includes(column.readableWith);
}
