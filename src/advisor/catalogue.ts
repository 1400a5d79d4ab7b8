/** What the database says of its tables, as far as advice follows from it. */
export interface Catalogue {
  readonly tables: readonly Table[];
  /** Names of functions whose every form is immutable: the ones that an index may be built over. */
  readonly immutableFunctions: ReadonlySet<string>;
  /** Names of functions and operators that come neither with PostgreSQL nor with an extension. */
  readonly ownFunctions: ReadonlySet<string>;
  readonly ownOperators: ReadonlySet<string>;
  /** Schema of pg_trgm, where it is installed. */
  readonly trigramSchema: string | undefined;
  /** Seconds that the statistics of tables and indexes have been counted for. */
  readonly countedForSeconds: number;
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly pages: number;
  /** As it was vacuumed or analysed last. */
  readonly pagesThen: number;
  /** A partitioned table takes no index CONCURRENTLY: its partitions do. */
  readonly partitioned: boolean;
  readonly indexes: readonly Index[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly policies: readonly Policy[];
  /** Row changes since the statistics began. */
  readonly writes: { readonly inserted: number; readonly updated: number; readonly hotUpdated: number; readonly deleted: number };
  readonly live: number;
  readonly modifiedSinceAnalyse: number;
  readonly analysed: boolean;
  /** The statistics know when. */
  readonly analyseTold: boolean;
}

export interface Column {
  readonly name: string;
  /** As `format_type` has it, for example `timestamp with time zone`. */
  readonly type: string;
  /** `pg_type.typcategory`: S for texts, B for booleans, D for dates and times, N for numbers. */
  readonly category: string;
  readonly averageBytes: number;
}

export interface IndexKey {
  /** The column's name as it is, or the expression as PostgreSQL writes it. */
  readonly text: string;
  readonly expression: boolean;
  /** Order, null order, collation and operator class, where they are not the usual ones. */
  readonly options: string;
}

export interface Index {
  readonly schema: string;
  readonly name: string;
  readonly method: string;
  readonly keys: readonly IndexKey[];
  readonly include: readonly string[];
  readonly predicate: string | undefined;
  readonly unique: boolean;
  /** It is a constraint's, another table's foreign key rests on it, or replication does. */
  readonly needed: boolean;
  readonly valid: boolean;
  /** Another session is building it at this moment. */
  readonly building: boolean;
  readonly bytes: number;
  readonly scans: number;
  readonly definition: string;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: string;
  /** Rows deleted from the referenced table since the statistics began: each looks for its references. */
  readonly parentDeleted: number;
}

export interface Policy {
  readonly using: string;
  /** `public` stands for everyone. */
  readonly roles: readonly string[];
}

export const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_$]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** Words that must be quoted as a name: https://www.postgresql.org/docs/17/sql-keywords-appendix.html */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check coalesce
  collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
  freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join lateral
  leading least left like limit localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or
  order out outer overlaps overlay placing position precision primary real references returning right row select session_user setof similar
  smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user using values
  varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
  xmlserialize xmltable`.split(/\s+/),
);

export const nameOf = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${quoted(schema)}.${quoted(name)}`;

/** The column that an ordinary key is. */
export const columnOf = (key: IndexKey | undefined): string | undefined =>
  key === undefined || key.expression ? undefined : key.text;
