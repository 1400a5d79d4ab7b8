import { z } from 'zod';
import type { RecommendedIndex } from '../core/recommended-index.ts';
import type { RelationDefinition, SchemaDefinition } from '../core/schema-definition.ts';
import type { Wording } from '../core/wording.ts';
import type { ValidValues } from '../query/describe-tables.ts';

/** What goes into SQL as it is written. */
const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, 'a name of lower-case letters, digits and _');
const identifiers = z.array(identifier);
const text = z.string().min(1);
const texts = z.array(text);

const column = z.strictObject({
  name: identifier,
  type: identifier,
  nullable: z.boolean().default(false),
  readableWith: text.exactOptional(),
  label: z.enum(['untrusted_text', 'personal', 'internal']).exactOptional(),
});

const relation = z.strictObject({
  name: identifier,
  purpose: text,
  // Said of every relation: none is shared by everybody because somebody forgot a line.
  rows: z.union([z.literal('shared'), z.strictObject({ tenantColumn: identifier })]),
  columns: z.array(column).min(1),
  primaryKey: identifiers,
  uniqueKeys: z.array(identifiers).default([]),
  relationships: z
    .array(z.strictObject({ columns: identifiers, references: identifier, referencedColumns: identifiers }))
    .default([]),
  hints: texts.default([]),
  policyReads: identifiers.default([]),
});

const valueSet = z.strictObject({ relation: identifier, label: text });
const suggestion = z.union([
  text,
  z.strictObject({ from: z.literal('tenants') }),
  z.strictObject({ from: z.literal('values'), of: valueSet }),
  z.strictObject({ from: z.literal('periods'), years: valueSet }),
]);
const prompt = z.strictObject({
  name: identifier,
  title: text,
  description: text,
  arguments: z
    .array(
      z.strictObject({
        name: identifier,
        description: text,
        fallback: text.exactOptional(),
        suggestions: z.array(suggestion).exactOptional(),
      }),
    )
    .default([]),
  text,
});
const toolText = z.strictObject({ title: text, description: text, arguments: z.record(identifier, text).default({}) });

const schemaFile = z.strictObject({
  schema: identifier,
  relations: z.array(relation).min(1),
  readerRoles: z.array(z.strictObject({ suffix: identifier, permissions: texts })).min(1),
  callerRoles: z
    .array(z.strictObject({ name: identifier, permissions: texts, scope: z.enum(['all', 'groups', 'tenants']) }))
    .min(1),
  wording: z.strictObject({
    instructions: text,
    toolTexts: z.strictObject({
      get_multiple_table_schemas: toolText,
      execute_sales_query: toolText,
      get_current_utc_date: toolText,
      explain_access: toolText,
    }),
    prompts: z.array(prompt).default([]),
    resources: z.strictObject({ scheme: identifier, tenants: identifier, tenantLabel: identifier, groupLabel: identifier }),
  }),
  validValues: z
    .array(
      z.strictObject({
        relation: identifier,
        label: text,
        source: z.union([z.enum(['tenants', 'groups']), z.strictObject({ fixed: texts }), z.strictObject({ sql: text })]),
        follows: identifier.exactOptional(),
      }),
    )
    .default([]),
  indexes: z
    .array(
      z.strictObject({
        table: text,
        name: identifier,
        columns: identifiers,
        include: identifiers.exactOptional(),
        reason: text,
      }),
    )
    .default([]),
});
type SchemaFile = z.output<typeof schemaFile>;

export interface WrittenSchema {
  readonly definition: SchemaDefinition;
  readonly wording: Wording;
  readonly validValues: readonly ValidValues[];
  readonly indexes: readonly RecommendedIndex[];
}

/** Takes the text of a definition file. What it lacks, or contradicts itself in, comes back as a list of faults, each with its place. */
export function parseSchemaFile(json: string): WrittenSchema | { readonly faults: readonly string[] } {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (error) {
    return { faults: [`is no JSON: ${error instanceof Error ? error.message : error}`] };
  }
  const { success, data, error } = schemaFile.safeParse(given);
  if (!success) return { faults: error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`) };
  const faults = contradictions(data);
  if (faults.length > 0) return { faults };
  const { relations, wording, validValues, indexes, ...rest } = data;
  const permissions = [...new Set(data.callerRoles.flatMap((role) => role.permissions))];
  return {
    definition: {
      ...rest,
      permissions,
      relations: relations.map(asDefinition),
      useScopeFunction: `${data.schema}.use_scope`,
      tenantDirectoryFunction: `${data.schema}.tenant_directory`,
    },
    ...{ wording, validValues, indexes },
  };
}

function asDefinition({ rows, ...relation }: SchemaFile['relations'][number]): RelationDefinition {
  return rows === 'shared' ? { ...relation, tenantScoped: false } : { ...relation, tenantScoped: true, ...rows };
}

/** What each part is right in alone, and wrong beside another. */
function contradictions({ relations, readerRoles, callerRoles, validValues }: SchemaFile): string[] {
  const known = new Map(relations.map(({ name, columns }) => [name, new Set(columns.map((each) => each.name))]));
  const readers = new Set(readerRoles.flatMap(({ permissions }) => permissions));
  const granted = new Set(callerRoles.flatMap(({ permissions }) => permissions));
  const lacking = (place: string, names: readonly string[], relation: string) =>
    names.filter((name) => known.get(relation)?.has(name) !== true).map((name) => `${place}: ${relation} has no ${name}`);
  return [
    ...repeated('relations', relations),
    ...relations.flatMap(({ name, rows, columns, primaryKey, uniqueKeys, relationships, policyReads }) => [
      ...repeated(`${name}.columns`, columns),
      ...lacking(`${name}.primaryKey`, primaryKey, name),
      ...lacking(`${name}.uniqueKeys`, uniqueKeys.flat(), name),
      ...(rows === 'shared' ? [] : lacking(`${name}.rows`, [rows.tenantColumn], name)),
      ...relationships.flatMap((each) => [
        ...lacking(`${name}.relationships`, each.columns, name),
        ...lacking(`${name}.relationships`, each.referencedColumns, each.references),
      ]),
      ...policyReads.filter((read) => !known.has(read)).map((read) => `${name}.policyReads: there is no relation ${read}`),
      ...columns
        .filter(({ readableWith = 'nobody' }) => readableWith !== 'nobody' && !readers.has(readableWith))
        .map((each) => `${name}.${each.name}: no reader login has ${each.readableWith}`),
    ]),
    ...(readerRoles.some(({ permissions }) => permissions.length === 0)
      ? []
      : ['readerRoles: one login without permissions is for everybody who has none']),
    ...[...readers].filter((each) => !granted.has(each)).map((each) => `readerRoles: no role of callers has ${each}`),
    ...validValues
      .flatMap(({ relation, follows = relation }) => [relation, follows])
      .filter((each) => !known.has(each))
      .map((each) => `validValues: there is no relation ${each}`),
  ];
}

function repeated(place: string, named: readonly { readonly name: string }[]): string[] {
  const names = named.map(({ name }) => name);
  return names.filter((name, at) => names.indexOf(name) < at).map((name) => `${place}: ${name} is there twice`);
}
