import type { Clock } from '../core/clock.ts';
import type { Tenant } from '../core/principal.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { Database } from '../postgres/database.ts';

export interface TenantDirectoryOptions {
  readonly database: Pick<Database, 'query'>;
  readonly definition: SchemaDefinition;
  readonly clock: Clock;
  readonly ttlMs?: number;
}

/** All tenants, to resolve claims by. Read again once a minute; while the database is away the last known ones count. */
export type TenantDirectory = () => Promise<readonly Tenant[]>;

export function createTenantDirectory({ database, definition, clock, ttlMs = 60_000 }: TenantDirectoryOptions): TenantDirectory {
  let known: { readonly tenants: readonly Tenant[]; readonly readAt: number } | undefined;
  let reading: Promise<readonly Tenant[]> | undefined;

  const read = async (): Promise<readonly Tenant[]> => {
    try {
      const rows = await database.query(`SELECT id, name, key, "group" FROM ${definition.tenantDirectoryFunction}()`);
      const tenants = rows.map((row) => ({
        id: Number(row.id),
        name: row.name ?? '',
        key: row.key ?? '',
        group: row.group ?? '',
      }));
      known = { tenants, readAt: clock.monotonic() };
      return tenants;
    } catch (error) {
      if (known === undefined) throw error;
      return known.tenants;
    } finally {
      reading = undefined;
    }
  };
  return () => {
    if (known !== undefined && clock.monotonic() - known.readAt < ttlMs) return Promise.resolve(known.tenants);
    reading ??= read();
    return reading;
  };
}
