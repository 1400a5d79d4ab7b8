import type { RelationDefinition } from '../core/schema-definition.ts';
import { type Installation, installedRoles } from '../postgres/privilege-check.ts';
import { type CatalogFacts, internalSchemas, type RelationFact } from './catalog.ts';
import { type Finding, fault, notice } from './finding.ts';

/** Ways round a policy that lie in the shape of the schema: views, copies, inheritance, rules, triggers, missing keys. */
export function findStructureFaults(facts: CatalogFacts, installation: Installation): Finding[] {
  const { definition } = installation;
  const tenantTables = definition.relations
    .filter((relation) => relation.tenantScoped)
    .map((relation) => `${definition.schema}.${relation.name}`);
  const readable = (relation: RelationFact) => readersOf(facts, installation, relation).length > 0;
  return [
    ...facts.relations.flatMap((relation) => [
      ...findShadows(relation, facts, tenantTables, readable(relation)),
      ...findInheritance(relation, facts, tenantTables),
      ...findHooks(relation, definition.schema),
    ]),
    ...definition.relations.flatMap((relation) => findMissing(relation, facts, definition.schema)),
  ];
}

function readersOf(facts: CatalogFacts, installation: Installation, relation: RelationFact): string[] {
  const readers = installedRoles(installation).filter((role) => role.kind === 'reader');
  const access = facts.access.filter((fact) => fact.schema === relation.schema && fact.relation === relation.name);
  return readers.map((role) => role.name).filter((name) => access.some((fact) => fact.role === name && fact.columns.length > 0));
}

/** A view runs with its owner's rights unless it says otherwise, and its owner's policies show every row. */
function findShadows(relation: RelationFact, facts: CatalogFacts, tenantTables: readonly string[], readable: boolean): Finding[] {
  const name = `${relation.schema}.${relation.name}`;
  const copied = readsOf(relation, facts).filter((table) => tenantTables.includes(table));
  if (relation.kind === 'v' && copied.length > 0 && !relation.securityInvoker)
    return [
      fault(
        'view_without_security_invoker',
        `view ${name}`,
        `shows ${copied.join(', ')} with its owner’s rights`,
        `ALTER VIEW ${name} SET (security_invoker = true)`,
      ),
    ];
  if (relation.kind === 'm' && copied.length > 0)
    return [
      (readable ? fault : notice)(
        'materialized_view',
        `materialized view ${name}`,
        `keeps a copy of ${copied.join(', ')}, which no policy can protect`,
        `DROP MATERIALIZED VIEW ${name}`,
      ),
    ];
  if (relation.kind === 'f')
    return [fault('foreign_table', `foreign table ${name}`, 'reaches another database', `DROP FOREIGN TABLE ${name}`)];
  return [];
}

/** Through views upon views. */
function readsOf(relation: RelationFact, facts: CatalogFacts, seen: ReadonlySet<string> = new Set()): string[] {
  return relation.reads
    .filter((read) => !seen.has(read))
    .flatMap((read) => {
      const next = facts.relations.find((known) => `${known.schema}.${known.name}` === read);
      return [read, ...(next === undefined ? [] : readsOf(next, facts, new Set([...seen, read])))];
    });
}

/** A query of the parent applies the parent's policies to the children's rows, and a child can be asked directly. */
function findInheritance(relation: RelationFact, facts: CatalogFacts, tenantTables: readonly string[]): Finding[] {
  const name = `${relation.schema}.${relation.name}`;
  const parents = relation.parents.filter((parent) => tenantTables.includes(parent));
  if (parents.length > 0 && !(relation.rowSecurity && relation.forced))
    return [
      fault(
        'partition_without_row_security',
        `table ${name}`,
        `holds rows of ${parents.join(', ')} without a policy of its own`,
        `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
      ),
    ];
  const unprotected = relation.parents.filter((parent) => {
    const fact = facts.relations.find((known) => `${known.schema}.${known.name}` === parent);
    return !(fact?.rowSecurity && fact.forced);
  });
  if (tenantTables.includes(name) && unprotected.length > 0)
    return [
      fault(
        'parent_without_row_security',
        `table ${name}`,
        `shows its rows through ${unprotected.join(', ')}, which has no policy`,
        `ALTER TABLE ${name} NO INHERIT ${unprotected[0]}`,
      ),
    ];
  return [];
}

function findHooks(relation: RelationFact, schema: string): Finding[] {
  if (relation.schema !== schema && !internalSchemas.includes(relation.schema)) return [];
  const name = `${relation.schema}.${relation.name}`;
  const ours = (fn: string) => [schema, ...internalSchemas].includes(fn.slice(0, fn.indexOf('.')));
  return [
    ...relation.rules.map((rule) =>
      fault(
        'rewrite_rule',
        `rule ${rule} on ${name}`,
        'puts another statement in place of the one that was asked',
        `DROP RULE ${rule} ON ${name}`,
      ),
    ),
    ...relation.triggers
      .filter((trigger) => !ours(trigger.function))
      .map((trigger) =>
        fault(
          'foreign_trigger',
          `trigger ${trigger.name} on ${name}`,
          `hands rows to ${trigger.function}`,
          `DROP TRIGGER ${trigger.name} ON ${name}`,
        ),
      ),
    ...relation.triggers
      .filter((trigger) => trigger.enabled === 'D')
      .map((trigger) =>
        fault(
          'trigger_disabled',
          `trigger ${trigger.name} on ${name}`,
          'does not run: caches, totals or the audit trail are no longer kept true',
          `ALTER TABLE ${name} ENABLE TRIGGER ${trigger.name}`,
        ),
      ),
  ];
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && [...a].sort().join() === [...b].sort().join();

/** The keys that keep one tenant's row from being another's, and every row somebody's. */
function findMissing(relation: RelationDefinition, facts: CatalogFacts, schema: string): Finding[] {
  const name = `${schema}.${relation.name}`;
  const where = `table ${name}`;
  const fact = facts.relations.find((known) => known.schema === schema && known.name === relation.name);
  if (fact === undefined)
    // A missing tenant table is told by the check that `serve` makes as well.
    return relation.tenantScoped ? [] : [fault('relation_missing', where, 'does not exist', 'zava-mcp-server migrate')];
  const columns = (list: readonly string[]) => list.join(', ');
  const required = relation.columns.filter((column) => column.name === relation.tenantColumn && !column.nullable);
  return [
    ...required
      .filter((column) => !fact.notNull.includes(column.name))
      .map((column) =>
        fault(
          'tenant_column_nullable',
          where,
          `allows rows without ${column.name}`,
          `ALTER TABLE ${name} ALTER ${column.name} SET NOT NULL`,
        ),
      ),
    ...[relation.primaryKey, ...relation.uniqueKeys]
      .filter((key) => !fact.uniqueKeys.some((known) => same(known, key)))
      .map((key) =>
        fault('unique_key_missing', where, `allows (${columns(key)}) twice`, `ALTER TABLE ${name} ADD UNIQUE (${columns(key)})`),
      ),
    ...relation.relationships
      .filter(
        (link) => !fact.foreignKeys.some((known) => known.references === link.references && same(known.columns, link.columns)),
      )
      .map((link) =>
        fault(
          'foreign_key_missing',
          where,
          `allows (${columns(link.columns)}) that ${schema}.${link.references} does not have`,
          `ALTER TABLE ${name} ADD FOREIGN KEY (${columns(link.columns)}) REFERENCES ${schema}.${link.references} (${columns(link.referencedColumns)})`,
        ),
      ),
  ];
}
