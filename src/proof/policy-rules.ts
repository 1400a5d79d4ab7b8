import type { RelationDefinition, SchemaDefinition } from '../core/schema-definition.ts';
import { type Installation, installedRoles } from '../postgres/privilege-check.ts';
import type { CatalogFacts, PolicyFact } from './catalog.ts';
import { type Finding, fault } from './finding.ts';

/** The function by which most readers' policies learn the tenants in scope; schema-qualified. The others are measured by it. */
export function scopeFunctionOf(facts: Pick<CatalogFacts, 'policies'>): string | undefined {
  const uses = new Map<string, number>();
  for (const name of facts.policies.flatMap((policy) => policy.functions)) uses.set(name, (uses.get(name) ?? 0) + 1);
  return [...uses].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

export function findPolicyFaults(facts: CatalogFacts, installation: Installation): Finding[] {
  const { definition } = installation;
  const scopeFunction = scopeFunctionOf(facts);
  return definition.relations
    .filter((relation) => relation.tenantScoped)
    .flatMap((relation) =>
      facts.policies
        .filter((policy) => policy.relation === relation.name)
        .flatMap((policy) => examine(policy, relation, installation, scopeFunction)),
    );
}

function examine(
  policy: PolicyFact,
  relation: RelationDefinition,
  installation: Installation,
  scopeFunction: string | undefined,
): Finding[] {
  const { definition, prefix } = installation;
  const table = `${definition.schema}.${relation.name}`;
  const where = `policy ${policy.name} on ${table}`;
  const drop = `DROP POLICY ${policy.name} ON ${table}`;
  const roles = installedRoles(installation);
  const kindOf = (name: string) => (name === 'PUBLIC' ? 'public' : roles.find((role) => role.name === name)?.kind);
  const kinds = policy.roles.map(kindOf);
  const forReaders = kinds.includes('reader') || kinds.includes('public');
  const findings: Finding[] = [];

  if (kinds.includes('public')) findings.push(fault('policy_public', where, 'applies to every role', drop));
  const strangers = policy.roles.filter((name) => kindOf(name) === undefined || kindOf(name) === 'server');
  if (strangers.length > 0)
    findings.push(fault('policy_unexpected_role', where, `shows rows to ${strangers.join(', ')}, who should see none`, drop));
  if (kinds.includes('operator') && policy.command !== 'r')
    findings.push(fault('policy_allows_writes', where, `lets ${prefix}_operator write`, drop));
  if (!forReaders) return findings;

  if (policy.command !== 'r') findings.push(fault('policy_allows_writes', where, 'lets a reader do more than SELECT', drop));
  if (!policy.permissive) {
    findings.push(fault('policy_restrictive', where, 'hides rows that belong to the caller: a wrong answer', drop));
  } else if (!isExpected(policy.using ?? '', relation, definition, scopeFunction)) {
    findings.push(
      fault('policy_expression', where, `does not hold rows to the tenants in scope: USING ${oneLine(policy.using)}`, drop),
    );
  }
  const others = policy.functions.filter((name) => name !== scopeFunction);
  if (others.length > 0) findings.push(fault('policy_function', where, `trusts ${others.join(', ')}`, drop));
  return findings;
}

const oneLine = (text: string | null) => (text ?? 'nothing').replace(/\s+/g, ' ');

/**
 * The two forms that a reader's policy may have, as `pg_get_expr` writes them: the tenant column lies in the scope, or (where the
 * definition says that the policy reads another relation) a row of that relation in scope refers to it. The scalar sub-select is
 * part of the form: without it the function runs once a row.
 */
function isExpected(
  using: string,
  relation: RelationDefinition,
  definition: SchemaDefinition,
  scopeFunction: string | undefined,
): boolean {
  if (scopeFunction === undefined || relation.tenantColumn === undefined) return false;
  const expression = oneLine(using).replaceAll(`${definition.schema}.`, '');
  const name = scopeFunction.slice(scopeFunction.indexOf('.') + 1);
  const inScope = (column: string) => `\\(${column} = ANY \\(\\( SELECT ${name}\\(\\) AS ${name}\\)::\\w+\\[\\]\\)\\)`;
  const own = inScope(relation.tenantColumn);
  const others = relation.policyReads.map((read) => {
    const other = definition.relations.find((known) => known.name === read);
    const link = other?.relationships.find((relationship) => relationship.references === relation.name);
    const join = link?.columns.map(
      (column, index) => `\\(\\1\\.${column} = ${relation.name}\\.${link.referencedColumns[index]}\\)`,
    );
    return { other, join };
  });
  if (others.length === 0) return new RegExp(`^${own}$`).test(expression);
  const [first] = others;
  // One relation read is all that the form knows; a definition with more of them has to extend it here.
  if (others.length > 1 || first?.join === undefined || first.other?.tenantColumn === undefined) return false;
  const exists = `\\(EXISTS \\( SELECT 1 FROM ${first.other.name} (\\w+) WHERE \\(${first.join.join(' AND ')} AND ${inScope(`\\1\\.${first.other.tenantColumn}`)}\\)\\)\\)`;
  return new RegExp(`^\\(${own} OR ${exists}\\)$`).test(expression);
}
