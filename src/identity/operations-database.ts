/** The server's own fixed statements on the operational tables. Values come back as PostgreSQL's text. */
export interface OperationsDatabase {
  query(
    text: string,
    values?: readonly (string | number | null | readonly (string | null)[])[],
  ): Promise<Record<string, string | null>[]>;
}
