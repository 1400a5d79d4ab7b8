import {
  type CatalogQuery,
  type Installation,
  installedRoles,
  type RoleFact,
  readFacts,
  readRoles,
  readTenantRelations,
  type TenantRelationFact,
} from '../postgres/privilege-check.ts';
import { closedFunctions } from './closed-functions.ts';
import { statements } from './statements.ts';

/** What one role may do with one relation, however it came by it: own grant, PUBLIC, membership. */
export interface AccessFact {
  readonly role: string;
  readonly schema: string;
  readonly relation: string;
  readonly columns: readonly string[];
  readonly writes: readonly string[];
}

export interface GrantFact {
  readonly kind: 'relation' | 'column' | 'function' | 'schema' | 'database';
  readonly name: string;
  /** `PUBLIC` or a role. */
  readonly grantee: string;
  readonly privileges: readonly string[];
  readonly grantable: boolean;
}

export interface ReachFact {
  readonly kind: 'database' | 'schema' | 'sequence';
  readonly name: string;
  readonly role: string;
  readonly privileges: readonly string[];
}

export interface PolicyFact {
  readonly relation: string;
  readonly name: string;
  /** `r` SELECT, `a` INSERT, `w` UPDATE, `d` DELETE, `*` all. */
  readonly command: string;
  readonly permissive: boolean;
  readonly roles: readonly string[];
  readonly using: string | null;
  /** Schema-qualified, without arguments. */
  readonly functions: readonly string[];
}

export interface FunctionFact {
  readonly name: string;
  readonly arguments: string;
  readonly owner: string;
  readonly definer: boolean;
  readonly volatility: string;
  readonly parallel: string;
  readonly leakproof: boolean;
  readonly settings: readonly string[];
  readonly language: string;
  readonly languageTrusted: boolean;
  readonly source: string;
  /** True where the body is kept as a parse tree, and `source` is empty. */
  readonly parsedBody: boolean;
  readonly extension: boolean;
  /** Roles of the installation other than the owner that may execute it. */
  readonly executors: readonly string[];
}

export interface RelationFact {
  readonly schema: string;
  readonly name: string;
  /** `r` table, `p` partitioned, `v` view, `m` materialized view, `f` foreign table. */
  readonly kind: string;
  readonly rowSecurity: boolean;
  readonly forced: boolean;
  readonly securityInvoker: boolean;
  readonly extension: boolean;
  /** Schema-qualified; direct parents by inheritance or partitioning. */
  readonly parents: readonly string[];
  /** Schema-qualified relations that a view reads. */
  readonly reads: readonly string[];
  readonly rules: readonly string[];
  readonly triggers: readonly { readonly name: string; readonly function: string; readonly enabled: string }[];
  readonly notNull: readonly string[];
  /** Columns of each valid, complete, immediate unique index. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly foreignKeys: readonly {
    readonly columns: readonly string[];
    readonly references: string;
    readonly referencedColumns: readonly string[];
  }[];
}

export interface SurroundingsFact {
  readonly version: number;
  readonly rowSecurity: string;
  readonly extensions: readonly string[];
  readonly untrustedLanguages: readonly string[];
  readonly foreignServers: readonly string[];
  readonly eventTriggers: readonly { readonly name: string; readonly event: string }[];
  readonly publications: readonly string[];
  /** Readers that may run code of a trusted language, like a DO block. */
  readonly languageUsers: readonly string[];
}

export interface SettingFact {
  /** Empty where the setting is for every role. */
  readonly role: string;
  readonly setting: string;
}

export interface DefaultGrantFact {
  readonly owner: string;
  readonly schema: string;
  readonly objects: string;
  readonly grantee: string;
  readonly privileges: readonly string[];
}

export interface BuiltinFact {
  readonly name: string;
  readonly kind: 'closed_by_bootstrap' | 'closed_by_postgresql' | 'catalogue';
  readonly role: string;
  readonly open: boolean;
}

/** All that the inspection looks at, and all that the report's digest is made of. */
export interface CatalogFacts {
  readonly roles: readonly RoleFact[];
  readonly tenantRelations: readonly TenantRelationFact[];
  readonly access: readonly AccessFact[];
  readonly grants: readonly GrantFact[];
  readonly reach: readonly ReachFact[];
  readonly policies: readonly PolicyFact[];
  readonly functions: readonly FunctionFact[];
  readonly relations: readonly RelationFact[];
  readonly settings: readonly SettingFact[];
  readonly defaultGrants: readonly DefaultGrantFact[];
  readonly builtins: readonly BuiltinFact[];
  readonly surroundings: SurroundingsFact;
}

/** Schemas that the project's migrations and bootstrap make beside the served one. */
export const internalSchemas = ['ops', 'audit', 'keys'];

export async function readCatalog(query: CatalogQuery, installation: Installation): Promise<CatalogFacts> {
  const roles = installedRoles(installation);
  const names = roles.map((role) => role.name);
  const serving = roles.filter((role) => role.kind !== 'owner').map((role) => role.name);
  const readers = roles.filter((role) => role.kind === 'reader').map((role) => role.name);
  const schemas = [installation.definition.schema, ...internalSchemas];
  // A role that is missing is found as such; to the privilege functions it would be an error.
  const existing = await query('SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY ($1::text[])', [names]);
  const known = (list: string[]) => list.filter((name) => existing.some((row) => row.name === name));
  const [surroundings] = await readFacts<SurroundingsFact>(query, statements.surroundings, [known(readers)]);
  if (surroundings === undefined) throw new Error('the catalogue did not answer');
  return {
    roles: await readRoles(query, installation),
    tenantRelations: await readTenantRelations(query, installation),
    access: await readFacts<AccessFact>(query, statements.access, [known(serving)]),
    grants: await readFacts<GrantFact>(query, statements.grants, [schemas]),
    reach: await readFacts<ReachFact>(query, statements.reach, [known(serving)]),
    policies: await readFacts<PolicyFact>(query, statements.policies, [installation.definition.schema]),
    functions: await readFacts<FunctionFact>(query, statements.functions, [known(serving)]),
    relations: await readFacts<RelationFact>(query, statements.relations),
    settings: await readFacts<SettingFact>(query, statements.settings, [names]),
    defaultGrants: await readFacts<DefaultGrantFact>(query, statements.defaultGrants),
    builtins: await readFacts<BuiltinFact>(query, statements.builtins, [known(readers), closedFunctions]),
    surroundings,
  };
}
