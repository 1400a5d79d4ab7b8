/** What a caller may do, for example `sales:read`. The names come from the served schema's definition. */
export type Permission = string;

/** One tenant of the served schema: the unit that row-level security separates. */
export interface Tenant {
  /** Value of the tenant column. */
  readonly id: number;
  readonly name: string;
  /** Public identity in tokens and headers: 8-4-4-4-12 hexadecimal digits, lower case. */
  readonly key: string;
  /** Name of the group (for example a region) that a role may be given as a whole. */
  readonly group: string;
}

/** Who is calling, after every claim has been verified and resolved. */
export interface Principal {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<Permission>;
  /** Tenants whose rows the caller may see, by ascending id. Empty means none, never all. */
  readonly tenants: readonly Tenant[];
}
