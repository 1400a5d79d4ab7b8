import type { Principal } from '../core/principal.ts';
import { isReadable, readerRoleFor, type SchemaDefinition } from '../core/schema-definition.ts';
import type { Database } from '../postgres/database.ts';
import { servedRelation } from './describe-tables.ts';

export interface AccessExplanation {
  readonly table: string;
  /** The login that the caller's SQL runs under, by its suffix. */
  readonly reader: string;
  /** Whose rows: every row of shared data, or those of these tenants. */
  readonly rows: 'shared' | 'of_tenants_in_scope';
  readonly tenants: readonly string[];
  readonly row_security: { readonly enabled: boolean; readonly forced: boolean };
  readonly policies: readonly {
    readonly name: string;
    readonly command: string;
    readonly roles: readonly string[];
    readonly using: string | null;
  }[];
  readonly columns: readonly {
    readonly name: string;
    readonly readable: boolean;
    readonly granted: boolean;
    readonly needs?: string;
  }[];
}

export type ExplainAccess = (table: string, principal: Principal) => Promise<AccessExplanation>;

export interface ExplainAccessOptions {
  readonly database: Pick<Database, 'query'>;
  readonly definition: SchemaDefinition;
  /** Of this installation's logins: other installations on the same server have logins with the same suffixes. */
  readonly prefix: string;
}

/** Tells what decides which rows and columns of a table a caller sees, as the database has it now beside what the definition says. */
export function createExplainAccess({ database, definition, prefix }: ExplainAccessOptions): ExplainAccess {
  return async (table, principal) => {
    const relation = servedRelation(definition, table);
    const reader = readerRoleFor(definition, principal.permissions);
    const names = [definition.schema, relation.name];
    const [security, policies, granted] = await Promise.all([
      database.query(
        `SELECT c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
        names,
      ),
      database.query(
        `SELECT p.policyname AS name, p.cmd AS command, array_to_string(p.roles, ',') AS roles, p.qual AS using
         FROM pg_catalog.pg_policies p WHERE p.schemaname = $1 AND p.tablename = $2 ORDER BY p.policyname`,
        names,
      ),
      database.query(
        `SELECT DISTINCT a.attname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped, pg_catalog.pg_roles r
         WHERE n.nspname = $1 AND c.relname = $2 AND r.rolname = $3 AND has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')`,
        [...names, `${prefix}_${reader.suffix}`],
      ),
    ]);
    const open = new Set(granted.map((row) => row.name));
    const [found] = security;
    return {
      table: `${definition.schema}.${relation.name}`,
      reader: reader.suffix,
      rows: relation.tenantScoped ? 'of_tenants_in_scope' : 'shared',
      tenants: relation.tenantScoped ? principal.tenants.map(({ name }) => name) : [],
      row_security: { enabled: found?.enabled === 't', forced: found?.forced === 't' },
      policies: policies.map(({ name, command, roles, using }) => ({
        name: name ?? '',
        command: command ?? '',
        roles: (roles ?? '').split(','),
        using: using ?? null,
      })),
      columns: relation.columns.map((column) => ({
        name: column.name,
        readable: isReadable(column, reader),
        granted: open.has(column.name),
        ...(column.readableWith !== undefined && { needs: column.readableWith }),
      })),
    };
  };
}
