import { AppError } from '../core/errors.ts';
import type { ReaderRole, SchemaDefinition } from '../core/schema-definition.ts';
import type { Database } from './database.ts';

/** Something in the database that breaks, or may break, the separation of tenants. */
export interface PrivilegeFinding {
  /** Stable, for tickets and alerts: `role_is_superuser`. */
  readonly id: string;
  /** The role or relation. */
  readonly where: string;
  readonly what: string;
  /** The statement or command that mends it. */
  readonly remedy: string;
}

export interface Installation {
  readonly definition: SchemaDefinition;
  readonly prefix: string;
  /** Login of the server's own statements: usually `<prefix>_server`. */
  readonly serverLogin: string;
}

export interface InstalledRole {
  readonly name: string;
  readonly kind: 'owner' | 'operator' | 'server' | 'reader';
  /** What a reader may read. */
  readonly reader?: ReaderRole;
}

/** Everything here can be read by any login, so the server's own is enough. */
export type CatalogQuery = Database['query'];

export function installedRoles({ definition, prefix, serverLogin }: Installation): InstalledRole[] {
  return [
    { name: `${prefix}_owner`, kind: 'owner' },
    { name: `${prefix}_operator`, kind: 'operator' },
    ...[...new Set([`${prefix}_server`, serverLogin])].map((name) => ({ name, kind: 'server' }) as const),
    ...definition.readerRoles.map((reader) => ({ name: `${prefix}_${reader.suffix}`, kind: 'reader', reader }) as const),
  ];
}

/** Rows of a catalogue statement as typed values, in an order that does not change from run to run. */
export async function readFacts<T>(query: CatalogQuery, text: string, values: readonly (string | string[])[] = []): Promise<T[]> {
  const ordered = `SELECT fact FROM (SELECT to_json(f)::text COLLATE "C" AS fact FROM (${text}) f) facts ORDER BY fact`;
  const rows = await query(ordered, values);
  return rows.map((row) => JSON.parse(row.fact ?? 'null') as T);
}

export interface RoleFact {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly bypassRls: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly replication: boolean;
  readonly memberOf: readonly string[];
  readonly members: readonly string[];
  /** At most five, in words. */
  readonly owns: readonly string[];
}

const roleStatement = `
  SELECT r.rolname AS name, r.rolcanlogin AS login, r.rolsuper AS superuser, r.rolbypassrls AS "bypassRls",
    r.rolcreaterole AS "createRole", r.rolcreatedb AS "createDatabase", r.rolreplication AS replication,
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
          WHERE m.member = r.oid ORDER BY 1) AS "memberOf",
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.member
          WHERE m.roleid = r.oid AND NOT g.rolsuper ORDER BY 1) AS members,
    ARRAY(SELECT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_shdepend d
          WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
            AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          ORDER BY 1 LIMIT 5) AS owns
  FROM pg_roles r WHERE r.rolname = ANY ($1::text[])`;

export function readRoles(query: CatalogQuery, installation: Installation): Promise<RoleFact[]> {
  return readFacts<RoleFact>(query, roleStatement, [installedRoles(installation).map((role) => role.name)]);
}

export interface TenantRelationFact {
  readonly name: string;
  readonly owner: string;
  readonly enabled: boolean;
  readonly forced: boolean;
  /** Readers that a policy for SELECT names, alone or as PUBLIC. */
  readonly readersWithPolicy: readonly string[];
}

const tenantRelationStatement = `
  SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
    ARRAY(SELECT DISTINCT r.rolname::text FROM pg_policy p JOIN pg_roles r ON 0 = ANY (p.polroles) OR r.oid = ANY (p.polroles)
          WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*') AND r.rolname = ANY ($3::text[])
          ORDER BY 1) AS "readersWithPolicy"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = ANY ($2::text[])`;

export function readTenantRelations(query: CatalogQuery, installation: Installation): Promise<TenantRelationFact[]> {
  const { schema, relations } = installation.definition;
  return readFacts<TenantRelationFact>(query, tenantRelationStatement, [
    schema,
    relations.filter((relation) => relation.tenantScoped).map((relation) => relation.name),
    installedRoles(installation).flatMap((role) => (role.kind === 'reader' ? [role.name] : [])),
  ]);
}

const bootstrapAgain = 'zava-mcp-server bootstrap --admin-url <administrator>';

/** https://www.postgresql.org/docs/17/role-attributes.html: superusers and BYPASSRLS roles ignore every policy, even a FORCEd one. */
export function findRoleFaults(installation: Installation, facts: readonly RoleFact[]): PrivilegeFinding[] {
  return installedRoles(installation).flatMap((role) => {
    const fact = facts.find(({ name }) => name === role.name);
    const where = `role ${role.name}`;
    if (fact === undefined) return [{ id: 'role_missing', where, what: 'does not exist', remedy: bootstrapAgain }];
    const alter = (attribute: string) => `ALTER ROLE ${role.name} ${attribute}`;
    const allowedMemberships = role.kind === 'operator' ? ['pg_monitor'] : [];
    const memberOf = fact.memberOf.filter((name) => !allowedMemberships.includes(name));
    const faults: (PrivilegeFinding | false)[] = [
      fact.superuser && {
        id: 'role_is_superuser',
        where,
        what: 'is a superuser, whom no policy binds',
        remedy: alter('NOSUPERUSER'),
      },
      fact.bypassRls && { id: 'role_bypasses_rls', where, what: 'bypasses row-level security', remedy: alter('NOBYPASSRLS') },
      fact.createRole && { id: 'role_creates_roles', where, what: 'may create and grant roles', remedy: alter('NOCREATEROLE') },
      fact.createDatabase &&
        role.kind !== 'owner' && {
          id: 'role_creates_databases',
          where,
          what: 'may create databases',
          remedy: alter('NOCREATEDB'),
        },
      fact.replication &&
        role.kind !== 'operator' && {
          id: 'role_replicates',
          where,
          what: 'may stream every row by replication',
          remedy: alter('NOREPLICATION'),
        },
      !fact.login && { id: 'role_cannot_log_in', where, what: 'cannot log in', remedy: alter('LOGIN') },
      memberOf.length > 0 && {
        id: 'role_is_member',
        where,
        what: `is a member of ${memberOf.join(', ')}, whose rights a statement can take on`,
        remedy: `REVOKE ${memberOf.join(', ')} FROM ${role.name}`,
      },
      fact.owns.length > 0 &&
        role.kind !== 'owner' && {
          id: 'role_owns_objects',
          where,
          what: `owns ${fact.owns.join(', ')}`,
          remedy: `REASSIGN OWNED BY ${role.name} TO ${installation.prefix}_owner`,
        },
    ];
    return faults.filter((fault) => fault !== false);
  });
}

/** https://www.postgresql.org/docs/17/ddl-rowsecurity.html */
export function findTenantRelationFaults(installation: Installation, facts: readonly TenantRelationFact[]): PrivilegeFinding[] {
  const { definition, prefix } = installation;
  const readers = installedRoles(installation).filter((role) => role.kind === 'reader');
  return definition.relations
    .filter((relation) => relation.tenantScoped)
    .flatMap((relation) => {
      const name = `${definition.schema}.${relation.name}`;
      const where = `table ${name}`;
      const fact = facts.find((known) => known.name === relation.name);
      if (fact === undefined)
        return [{ id: 'relation_missing', where, what: 'does not exist', remedy: 'zava-mcp-server migrate' }];
      const uncovered = readers.filter((reader) => !fact.readersWithPolicy.includes(reader.name)).map((reader) => reader.name);
      const faults: (PrivilegeFinding | false)[] = [
        !fact.enabled && {
          id: 'row_security_disabled',
          where,
          what: 'has no row-level security',
          remedy: `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
        },
        !fact.forced && {
          id: 'row_security_not_forced',
          where,
          what: 'does not bind its owner by its policies',
          remedy: `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
        },
        fact.owner !== `${prefix}_owner` && {
          id: 'relation_owner',
          where,
          what: `belongs to ${fact.owner}`,
          remedy: `ALTER TABLE ${name} OWNER TO ${prefix}_owner`,
        },
        uncovered.length > 0 && {
          id: 'policy_missing',
          where,
          what: `has no policy for ${uncovered.join(', ')}`,
          remedy: 'Restore the policy from the migrations (zava-mcp-server migrate on a new database shows it)',
        },
      ];
      return faults.filter((fault) => fault !== false);
    });
}

export interface PrivilegeCheckOptions {
  readonly database: Database;
  readonly definition: SchemaDefinition;
  readonly prefix: string;
}

/** The login that `query` uses. It is checked as a serving login, whatever it is called. */
export async function installationOf({ database, definition, prefix }: PrivilegeCheckOptions): Promise<Installation> {
  const [row] = await database.query('SELECT current_user::text AS login');
  return { definition, prefix, serverLogin: row?.login ?? '' };
}

/** The few questions that decide whether anything may be served at all; `prove` asks the rest. */
export async function findUnsafePrivileges(options: PrivilegeCheckOptions): Promise<PrivilegeFinding[]> {
  const installation = await installationOf(options);
  const [roles, relations] = await Promise.all([
    readRoles(options.database.query, installation),
    readTenantRelations(options.database.query, installation),
  ]);
  return [...findRoleFaults(installation, roles), ...findTenantRelationFaults(installation, relations)];
}

export async function refuseUnsafeRoles(options: PrivilegeCheckOptions): Promise<void> {
  const findings = await findUnsafePrivileges(options);
  if (findings.length === 0) return;
  throw new AppError(
    'misconfigured',
    `This database is not safe to serve: ${findings.map(({ where, what }) => `${where} ${what}`).join('; ')}`,
    { hint: `Run: ${[...new Set(findings.map(({ remedy }) => remedy))].join('; ')}. Then: zava-mcp-server prove` },
  );
}
