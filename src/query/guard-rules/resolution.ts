import type { ReaderRole, SchemaDefinition } from '../../core/schema-definition.ts';
import type { Level } from './scope.ts';
import type { Message } from './tree.ts';

/** One WITH clause that is in sight. A qualified name never means a CTE, an inner CTE hides an outer one and any table. */
export interface CteScope {
  readonly ctes: Map<string, Cte>;
  readonly outer: CteScope | undefined;
}

export interface Cte {
  readonly message: Message;
  /** Where its query stands: outside the FROM of the statement it belongs to. */
  readonly place: Place;
  /** Known once the query has been read; in a recursive one, once its first arm has. */
  columns: readonly string[] | undefined;
  /** Its query has been, or is being, read. */
  begun: boolean;
}

/** Where an expression stands: what columns and what CTEs it can see. */
export interface Place {
  readonly level: Level | undefined;
  readonly ctes: CteScope | undefined;
}

/** The second pass over one statement: it resolves names, rewrites tables and stars in place, and keeps count. */
export interface Resolution {
  readonly definition: SchemaDefinition;
  readonly reader: ReaderRole;
  /** Served relations that the statement reads. */
  readonly relations: Set<string>;
  /** The statement's plain SELECTs, at every depth: those that may have a FROM of their own. */
  readonly selects: Message[];
  /** Column references, range variables and selects met: as many as the first pass met, or something was not visited. */
  names: number;
  /** Tables, sub-selects and functions in all FROM clauses together. */
  fromItems: number;
  /** Columns of all of these together. */
  fromColumns: number;
  /** Sub-selects that got a name of ours, since the caller gave none. */
  unnamed: number;
  /** Names of the columns of the SELECTs that have been read. */
  readonly columnsOf: WeakMap<Message, readonly string[]>;
  /** Somewhere are more columns than are counted here: rows of a table by a function in FROM, or by a star in VALUES. */
  hiddenColumns: boolean;
  /** Names that such functions give, unless they give rows: then PostgreSQL finds no column, and looks for a function. */
  readonly doubtfulNames: Set<string>;
  /** A join holds a column that the reader may not read, and compares or renames columns without naming them. */
  closedInJoin: boolean;
  /** Reads a SELECT and gives the names of its columns. `firstArm` hears those of the first arm of a set operation. */
  select(statement: Message, place: Place, firstArm?: (columns: readonly string[]) => void): readonly string[];
  /** Reads anything that holds expressions. */
  expression(value: unknown, place: Place): void;
}
