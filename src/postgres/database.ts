/** A row as PostgreSQL sends it in text format: every value a string, SQL NULL a null. */
export type TextRow = Record<string, string | null>;
export type BindValue = string | number | boolean | null | readonly (string | number | null)[];

export interface ResultLimits {
  /** One row more is fetched, so that `truncated` is a fact. */
  readonly maxRows: number;
  /** Bytes of all values together, counted while they arrive. */
  readonly maxBytes: number;
}

/** A caller's statement, to run on a reader login inside a signed tenant scope. */
export interface TenantStatement {
  /** Suffix of the reader login, for example `reader_costs`. */
  readonly reader: string;
  /** Signed by the server for this call: see `scope-token.ts`. */
  readonly scopeToken: string;
  readonly text: string;
  readonly values?: readonly BindValue[];
  /** Means something else at another time (`'today'`): PostgreSQL must read it anew for every call. */
  readonly volatile?: boolean;
  readonly limits: ResultLimits;
  readonly timeoutMs: number;
  /** For a standby: a position in the log. One that has not replayed that far yet verifies no scope, so no row is read there. */
  readonly replayedTo?: string;
  /** Calls that name the same share wait for each other before others wait for them. */
  readonly share?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ResultColumn {
  readonly name: string;
  /** `pg_type.oid` of the column. */
  readonly typeOid: number;
  /** `pg_class.oid` of the table whose column it is, through sub-selects and views; 0 for an expression. */
  readonly tableOid: number;
  /** `pg_attribute.attnum` in that table; 0 for an expression. */
  readonly columnNumber: number;
}

export interface TenantResult {
  /** What the database itself verified. The caller must compare it with the principal's scope before using a row. */
  readonly verifiedTenantIds: readonly number[];
  readonly columns: readonly ResultColumn[];
  /** Values in PostgreSQL's text format, in column order. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly truncated: boolean;
}

/** What the serving process may ask of PostgreSQL. Two adapters: `pool-database.ts` and `embedded-database.ts`. */
export interface Database {
  readonly kind: 'postgresql' | 'embedded';
  /** Major version of the server that answers, for example 17. */
  readonly serverMajor: number;
  /** One round trip: read-only transaction, tenant scope, the statement, rollback. */
  runAsTenant(statement: TenantStatement): Promise<TenantResult>;
  /** The server's own fixed statements, on its own login, which can read no tenant table. */
  query(text: string, values?: readonly BindValue[]): Promise<TextRow[]>;
  /** How busy its connections are. */
  load(): DatabaseLoad;
  /** How long callers waited for one of them in the last minute. */
  waits(): DatabaseWaits;
  /** Connections that may be in use from now on. What runs beyond them comes to its end. Absent where there is one session only. */
  resize?(connections: number): void;
  close(): Promise<void>;
}

export interface DatabaseLoad {
  readonly slots: number;
  readonly running: number;
  readonly waiting: number;
}

export interface DatabaseWaits {
  readonly p95Ms: number;
  /** A call that has waited so long is refused. */
  readonly timeoutMs: number;
}

/** A session of the role that owns the schema (or of an administrator): migrations, loading, inspection. Never serves callers. */
export interface OwnerSession {
  query(text: string, values?: readonly BindValue[]): Promise<TextRow[]>;
  /** Several statements by the simple protocol; no values. */
  script(text: string): Promise<void>;
  /** Bulk load in the order of `columns`. Values are PostgreSQL text representations; null is SQL NULL. */
  copyRows(table: string, columns: readonly ColumnType[], rows: Iterable<readonly (string | number | null)[]>): Promise<void>;
  /** Asks the server to give up what the session is doing, which then fails with 57014. Absent where nothing can be interrupted. */
  cancel?(): Promise<void>;
  close(): Promise<void>;
}

export interface ColumnType {
  readonly name: string;
  /** PostgreSQL type name, for example `int4`, `date`, `numeric(10,2)`. */
  readonly type: string;
}
