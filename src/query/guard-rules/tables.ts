import { isReadable, type ReaderRole, type RelationDefinition, type SchemaDefinition } from '../../core/schema-definition.ts';
import { reject } from './rejection.ts';
import type { ScopeColumn } from './scope.ts';

/** Looks a table name up among the served relations. Exact, as quoted identifiers are; a near miss gets the right name. */
export function findTable(
  definition: SchemaDefinition,
  schema: string | undefined,
  name: string,
  location: number | undefined,
): RelationDefinition {
  const found = definition.relations.find((relation) => relation.name === name);
  if (found !== undefined && (schema === undefined || schema === definition.schema)) return found;
  const spoken = schema === undefined ? name : `${schema}.${name}`;
  const near = definition.relations.find((relation) => relation.name.toLowerCase() === name.toLowerCase());
  const valid = definition.relations.map((relation) => relation.name).join(', ');
  const hint = near === undefined ? `Tables: ${valid}.` : `Did you mean ${definition.schema}.${near.name}? Tables: ${valid}.`;
  reject(`Table "${spoken}" is not served`, hint, location);
}

export const tableColumns = (relation: RelationDefinition, reader: ReaderRole, alias: string): ScopeColumn[] =>
  relation.columns.map((column) => {
    const open: ScopeColumn = { name: column.name, path: [alias, column.name], isSure: true };
    return isReadable(column, reader) ? open : { ...open, closed: { relation, column } };
  });
