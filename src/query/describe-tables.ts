import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import {
  isReadable,
  type ReaderRole,
  type RelationDefinition,
  type RelationshipDefinition,
  readerRoleFor,
  type SchemaDefinition,
} from '../core/schema-definition.ts';
import type { RunQuery } from './query-result.ts';

export interface TableDescription {
  readonly name: string;
  readonly purpose: string;
  readonly columns: readonly { name: string; type: string; nullable: boolean; sensitive: boolean }[];
  readonly keys: readonly { kind: 'primary' | 'unique'; columns: readonly string[] }[];
  /** Outgoing and incoming: both are ways to join. */
  readonly relationships: readonly { from: string; to: string; cardinality: 'MANY_TO_ONE' }[];
  readonly valid_values: Readonly<Record<string, readonly string[]>>;
  readonly hints: readonly string[];
}

/** The same question in the same scope gives the same array, for some minutes: callers may keep what they make of it. */
export type DescribeTables = (names: readonly string[], principal: Principal) => Promise<readonly TableDescription[]>;

/** What a column (or a name for a set of values) of a relation can be compared with. */
export interface ValidValues {
  readonly relation: string;
  readonly label: string;
  /** `tenants` and `groups` are read off the principal; `sql` selects one text column within the caller's scope. */
  readonly source: 'tenants' | 'groups' | { readonly fixed: readonly string[] } | { readonly sql: string };
  /**
   * Relation that the values are taken from, where everybody may know of a change of it. Of a tenant's rows nobody else is to
   * learn even that they have changed.
   */
  readonly follows?: string;
}

/** The relations whose description a change of this one may alter. */
export function describedBy(validValues: readonly ValidValues[], table: string): readonly string[] {
  return validValues.filter(({ follows }) => follows === table).map(({ relation }) => relation);
}

export interface DescribeTablesOptions {
  readonly definition: SchemaDefinition;
  readonly validValues: readonly ValidValues[];
  readonly runQuery: RunQuery;
  readonly clock: Clock;
  /** Tells of tables that have changed. */
  readonly onTableChange?: OnTableChange | undefined;
  readonly ttlMs?: number;
}

/** Calls the listener with the name of each table that has changed, for as long as the process lives. */
export type OnTableChange = (listener: (table: string) => void) => void;

type ValuesByLabel = ReadonlyMap<string, readonly string[]>;

/** What was found out for one reader and one scope. */
interface KnownScope {
  readonly values: Promise<ValuesByLabel>;
  /** By the names of the tables asked for. */
  readonly described: LRUCache<string, readonly TableDescription[]>;
}

/** Describes served tables as the caller may use them: closed columns are left out, valid values stay within the scope. */
export function createDescribeTables({
  definition,
  validValues,
  runQuery,
  clock,
  onTableChange,
  ttlMs = 300_000,
}: DescribeTablesOptions): DescribeTables {
  const statement = valuesStatement(validValues);
  const scopes = new LRUCache<string, KnownScope>({
    max: 200,
    ttl: ttlMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });

  onTableChange?.((table) => {
    if (describedBy(validValues, table).length > 0) scopes.clear();
  });

  const scopeOf = (reader: ReaderRole, principal: Principal): KnownScope => {
    const key = `${reader.suffix} ${principal.tenants.map((tenant) => tenant.id).join(',')}`;
    const known = scopes.get(key);
    if (known !== undefined) return known;
    // Without a caller's signal: others wait for the same answer. The statement has its own time limit.
    const scope = { values: valuesFor(principal), described: new LRUCache<string, readonly TableDescription[]>({ max: 50 }) };
    scopes.set(key, scope);
    scope.values.catch(() => {
      if (scopes.peek(key) === scope) scopes.delete(key);
    });
    return scope;
  };
  const valuesFor = async (principal: Principal): Promise<ValuesByLabel> => {
    // Without a tenant there is no scope to ask in; the shape of the tables can still be told.
    if (statement === undefined || principal.tenants.length === 0) return new Map();
    return byLabel((await runQuery({ sql: statement, principal })).rowsJson);
  };

  return async (names, principal) => {
    const relations = [...new Set(names.map((name) => servedRelation(definition, name)))];
    const reader = readerRoleFor(definition, principal.permissions);
    const { values, described } = scopeOf(reader, principal);
    const asked = relations.map(({ name }) => name).join(' ');
    const known = described.get(asked);
    if (known !== undefined) return known;
    const found = await values;
    const tables = relations.map((relation) => ({
      ...shape(definition, relation, reader),
      valid_values: Object.fromEntries(
        validValues
          .filter((entry) => entry.relation === relation.name)
          .map((entry) => [entry.label, valuesOf(entry, principal, found)]),
      ),
      hints: relation.hints,
    }));
    described.set(asked, tables);
    return tables;
  };
}

/** Accepts `orders` and `retail.orders`; anything else is refused with the names that exist. */
export function servedRelation(definition: SchemaDefinition, name: string): RelationDefinition {
  const prefix = `${definition.schema}.`;
  const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const relation = definition.relations.find((candidate) => candidate.name === short);
  if (relation !== undefined) return relation;
  throw new AppError('invalid_input', `There is no table ${JSON.stringify(name.slice(0, 80))}`, {
    hint: `Valid tables: ${definition.relations.map((candidate) => candidate.name).join(', ')}`,
  });
}

function shape(definition: SchemaDefinition, relation: RelationDefinition, reader: ReaderRole) {
  const incoming = definition.relations
    .filter((other) => other !== relation)
    .flatMap((other) => other.relationships.filter((link) => link.references === relation.name).map((link) => join(other, link)));
  return {
    name: relation.name,
    purpose: relation.purpose,
    columns: relation.columns
      .filter((column) => isReadable(column, reader))
      .map(({ name, type, nullable, label, readableWith }) => ({
        name,
        type,
        nullable,
        sensitive: label === 'personal' || readableWith !== undefined,
      })),
    keys: [
      { kind: 'primary' as const, columns: relation.primaryKey },
      ...relation.uniqueKeys.filter(readableBy(relation, reader)).map((columns) => ({ kind: 'unique' as const, columns })),
    ],
    relationships: [...relation.relationships.map((link) => join(relation, link)), ...incoming],
  };
}

const readableBy = (relation: RelationDefinition, reader: ReaderRole) => (names: readonly string[]) =>
  names.every((name) => relation.columns.some((column) => column.name === name && isReadable(column, reader)));

function join(relation: RelationDefinition, link: RelationshipDefinition) {
  const side = (name: string, columns: readonly string[]) =>
    columns.length === 1 ? `${name}.${columns[0]}` : `${name}.(${columns.join(', ')})`;
  return {
    from: side(relation.name, link.columns),
    to: side(link.references, link.referencedColumns),
    cardinality: 'MANY_TO_ONE' as const,
  };
}

const labelOf = (entry: ValidValues) => `${entry.relation}.${entry.label}`;

/** All labels in one statement, so that describing one table or twelve costs one query. */
function valuesStatement(validValues: readonly ValidValues[]): string | undefined {
  const parts = validValues.flatMap((entry) =>
    typeof entry.source === 'object' && 'sql' in entry.source
      ? [`SELECT '${labelOf(entry)}' AS label, chosen.value FROM (${entry.source.sql}) AS chosen(value)`]
      : [],
  );
  return parts.length === 0 ? undefined : `${parts.join(' UNION ALL ')} ORDER BY 1, 2`;
}

function byLabel(rowsJson: string): ValuesByLabel {
  const values = new Map<string, string[]>();
  for (const [label, value] of JSON.parse(rowsJson) as [string, string][]) {
    values.set(label, [...(values.get(label) ?? []), value]);
  }
  return values;
}

function valuesOf(entry: ValidValues, { tenants }: Principal, values: ValuesByLabel): readonly string[] {
  if (entry.source === 'tenants') return tenants.map((tenant) => tenant.name);
  if (entry.source === 'groups') return [...new Set(tenants.map((tenant) => tenant.group))];
  return 'fixed' in entry.source ? entry.source.fixed : (values.get(labelOf(entry)) ?? []);
}
