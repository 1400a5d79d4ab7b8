import type { ColumnLabel, SchemaDefinition } from '../core/schema-definition.ts';
import type { Database, ResultColumn } from '../postgres/database.ts';
import type { TypeCatalog } from './type-catalog.ts';

/** The labels of each column of an answer that was drawn from these relations. */
export type LabelColumns = (
  columns: readonly ResultColumn[],
  relations: readonly string[],
) => readonly (readonly ColumnLabel[])[];

/** What a value made from a column still carries of it. A key is no key any more once something was made from it. */
const inherited: ReadonlySet<ColumnLabel> = new Set(['untrusted_text', 'personal']);

const none: readonly ColumnLabel[] = [];

/**
 * The database itself says which table's column a column of an answer is, through sub-selects and joins. Of an expression it
 * says nothing: a text then gets every label of the relations that the statement reads, and a number or a time none.
 * https://www.postgresql.org/docs/17/protocol-message-formats.html (RowDescription)
 */
export async function loadColumnLabels(
  database: Pick<Database, 'query'>,
  definition: SchemaDefinition,
  types: TypeCatalog,
): Promise<LabelColumns> {
  const rows = await database.query(
    `SELECT c.oid::int4 AS relation, a.attnum, c.relname, a.attname FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE n.nspname = $1 AND a.attnum > 0 AND NOT a.attisdropped`,
    [definition.schema],
  );
  const labelOf = new Map(
    definition.relations.flatMap(({ name, columns }) =>
      columns.map((column) => [`${name}.${column.name}`, column.label] as const),
    ),
  );
  const known = new Map(
    rows
      .map((row) => [`${row.relation}.${row.attnum}`, `${row.relname}.${row.attname}`] as const)
      .filter(([, name]) => labelOf.has(name))
      .map(([place, name]) => [place, listOf(labelOf.get(name))]),
  );
  const carriedBy = new Map(
    definition.relations.map(({ name, columns }) => [
      name,
      columns.flatMap(({ label }) => listOf(label)).filter((label) => inherited.has(label)),
    ]),
  );
  return (columns, relations) => {
    const carried = [...new Set(relations.flatMap((relation) => carriedBy.get(relation) ?? none))].sort();
    return columns.map(({ tableOid, columnNumber, typeOid }) => {
      const own = known.get(`${tableOid}.${columnNumber}`);
      if (own !== undefined) return own;
      return types.get(typeOid)?.carriesText === false ? none : carried;
    });
  };
}

const listOf = (label: ColumnLabel | undefined): readonly ColumnLabel[] => (label === undefined ? none : [label]);
