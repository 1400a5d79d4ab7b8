import type { Principal } from '../core/principal.ts';
import type { ColumnLabel } from '../core/schema-definition.ts';

export interface QueryRequest {
  readonly sql: string;
  readonly principal: Principal;
  readonly signal?: AbortSignal | undefined;
  /** For the operator's log. */
  readonly requestId?: string;
}

export interface NamedColumn {
  readonly name: string;
  /** PostgreSQL's type name, for example `int4`. */
  readonly type: string;
  /** Where its values come from, for the host that must decide how far to trust them. Absent = nothing to mind. */
  readonly labels?: readonly ColumnLabel[];
}

export interface QueryResult {
  readonly columns: readonly NamedColumn[];
  /** Rows as JSON text, `[[…],[…]]` in column order. Numbers keep PostgreSQL's exact digits, which `JSON.parse` would lose. */
  readonly rowsJson: string;
  readonly rowCount: number;
  readonly truncated: boolean;
  readonly durationMs: number;
  readonly cached: boolean;
  /** What a figure may be mistaken for, and what to write instead. */
  readonly hint?: string | undefined;
  /** True where the database was away and the answer may be out of date. */
  readonly stale?: boolean;
  /** Names of the tenants whose rows the answer could draw on. */
  readonly scope: readonly string[];
}

/** The one way a caller's SQL reaches the database. */
export type RunQuery = (request: QueryRequest) => Promise<QueryResult>;
