/** An index that a served schema is known to need, whatever has been asked so far. */
export interface RecommendedIndex {
  /** `schema.table`. */
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly include?: readonly string[];
  readonly reason: string;
}
