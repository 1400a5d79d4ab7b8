import { isReadable } from '../core/schema-definition.ts';
import { type Installation, type InstalledRole, installedRoles } from '../postgres/privilege-check.ts';
import { type AccessFact, type CatalogFacts, internalSchemas } from './catalog.ts';
import { type Finding, fault } from './finding.ts';

/** Says how often statements were planned and reset, nothing of what they were; PostgreSQL opens it to everyone. */
const harmlessRelations = ['pg_stat_statements_info'];

export function findGrantFaults(facts: CatalogFacts, installation: Installation): Finding[] {
  const roles = installedRoles(installation);
  return [
    ...facts.access.flatMap((access) => {
      const role = roles.find((known) => known.name === access.role);
      return role === undefined ? [] : examineAccess(access, role, installation);
    }),
    ...findGrantsToOthers(facts, installation),
    ...findReach(facts, roles, installation),
    ...findDefaultGrants(facts, installation),
  ];
}

function examineAccess(access: AccessFact, role: InstalledRole, installation: Installation): Finding[] {
  const { definition } = installation;
  const relation = `${access.schema}.${access.relation}`;
  const where = `${role.name} on ${relation}`;
  const revoke = (privileges: readonly string[]) => `REVOKE ${privileges.join(', ')} ON ${relation} FROM ${role.name}, PUBLIC`;
  const defined = access.schema === definition.schema && definition.relations.find((known) => known.name === access.relation);
  const findings: Finding[] = [];

  if (access.schema === 'keys' && access.columns.length > 0)
    findings.push(fault('keys_readable', where, 'may read the keys that sign the tenant scope', revoke(['SELECT'])));
  const mayWrite = role.kind !== 'reader' && ![definition.schema, 'audit', 'keys'].includes(access.schema);
  if (access.writes.length > 0 && !mayWrite)
    findings.push(fault(`${role.kind}_writes`, where, `holds ${access.writes.join(', ')}`, revoke(access.writes)));
  if (role.kind === 'server' && defined && defined.tenantScoped && access.columns.length > 0)
    findings.push(fault('server_reads_tenants', where, 'may read tenants’ rows outside any scope', revoke(['SELECT'])));
  if (role.reader === undefined) return findings;

  if (!defined) {
    if (access.columns.length > 0 && access.schema !== 'keys' && !harmlessRelations.includes(access.relation))
      findings.push(
        fault('undefined_relation_readable', where, 'may read a relation that nobody listed for callers', revoke(['SELECT'])),
      );
    return findings;
  }
  const { reader } = role;
  const expected = defined.columns.filter((column) => isReadable(column, reader)).map((column) => column.name);
  const excess = access.columns.filter((column) => !expected.includes(column));
  const missing = expected.filter((column) => !access.columns.includes(column));
  if (excess.length > 0)
    findings.push(
      fault('column_readable', where, `may read ${excess.join(', ')}`, revoke([`SELECT (${excess.join(', ')})`, 'SELECT'])),
    );
  if (missing.length > 0)
    findings.push(
      fault(
        'column_not_readable',
        where,
        `may not read ${missing.join(', ')}, which callers are told they can`,
        `GRANT SELECT (${missing.join(', ')}) ON ${relation} TO ${role.name}`,
      ),
    );
  return findings;
}

function findGrantsToOthers(facts: CatalogFacts, installation: Installation): Finding[] {
  const known = installedRoles(installation).map((role) => role.name);
  return facts.grants.flatMap((grant) => {
    const where = grant.kind === 'database' ? 'the database' : `${grant.kind} ${grant.name}`;
    const privileges = grant.privileges.join(', ');
    const object = grant.kind === 'database' ? `DATABASE ${grant.name}` : `${grant.kind.toUpperCase()} ${grant.name}`;
    const revoke = `REVOKE ${privileges} ON ${object} FROM ${grant.grantee}`;
    if (grant.grantee === 'PUBLIC') return [fault('granted_to_public', where, `grants ${privileges} to PUBLIC`, revoke)];
    if (grant.name === 'public') return [];
    if (!known.includes(grant.grantee))
      return [fault('granted_to_stranger', where, `grants ${privileges} to ${grant.grantee}, a role of nobody here`, revoke)];
    if (grant.grantable)
      return [
        fault(
          'grantable',
          where,
          `lets ${grant.grantee} pass ${privileges} on`,
          revoke.replace('REVOKE', 'REVOKE GRANT OPTION FOR'),
        ),
      ];
    return [];
  });
}

function findReach(facts: CatalogFacts, roles: readonly InstalledRole[], { definition }: Installation): Finding[] {
  return facts.reach.flatMap(({ kind, name, role, privileges }) => {
    const reader = roles.find((known) => known.name === role)?.kind === 'reader';
    const where = `${role} on ${kind === 'database' ? 'the database' : `${kind} ${name}`}`;
    const revoke = (list: readonly string[]) =>
      `REVOKE ${list.join(', ')} ON ${kind.toUpperCase()} ${name === 'current' ? 'current_database()' : name} FROM ${role}, PUBLIC`;
    const making = privileges.filter((privilege) => privilege === 'CREATE' || privilege === 'TEMPORARY');
    const findings =
      making.length > 0 ? [fault('may_create', where, `may make objects: ${making.join(', ')}`, revoke(making))] : [];
    if (reader && kind === 'sequence' && privileges.length > 0)
      findings.push(fault('reader_sequence', where, `may advance it: ${privileges.join(', ')}`, revoke(privileges)));
    const closed = name === 'keys' || (reader && internalSchemas.includes(name));
    if (kind === 'schema' && closed && name !== definition.schema && privileges.includes('USAGE'))
      findings.push(fault('schema_open', where, 'may look into a schema that is not for it', revoke(['USAGE'])));
    return findings;
  });
}

/** A table made tomorrow must be as invisible as one made today: https://www.postgresql.org/docs/17/sql-alterdefaultprivileges.html */
function findDefaultGrants(facts: CatalogFacts, { prefix }: Installation): Finding[] {
  const owner = `${prefix}_owner`;
  const findings = facts.defaultGrants
    .filter((grant) => grant.grantee !== grant.owner && grant.grantee !== `${prefix}_operator`)
    .map((grant) =>
      fault(
        'default_privileges',
        `default privileges of ${grant.owner}${grant.schema === '' ? '' : ` in schema ${grant.schema}`}`,
        `open whatever is made next to ${grant.grantee} (${grant.privileges.join(', ')})`,
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${grant.owner} REVOKE … FROM ${grant.grantee}`,
      ),
    );
  const closed = facts.defaultGrants.some((grant) => grant.owner === owner && grant.schema === '' && grant.objects === 'f');
  if (!closed)
    findings.push(
      fault(
        'default_function_execute',
        `default privileges of ${owner}`,
        'let everyone execute functions made next',
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`,
      ),
    );
  return findings;
}
