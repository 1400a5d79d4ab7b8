import { createPoolDatabase, type PoolDatabaseOptions } from '../../src/postgres/pool-database.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { type TestDatabase, tiers } from '../support/databases.ts';

export const realTiers = tiers.filter((tier) => tier.name !== 'the embedded database');

/** A serving process of its own on a test database, with other limits than usual. */
export function openPool(db: TestDatabase, changes: Partial<PoolDatabaseOptions> = {}) {
  return createPoolDatabase({
    address: db.address!,
    server: { user: db.role('server'), password: db.password },
    reader: (suffix) => ({ user: db.role(suffix), password: db.password }),
    useScopeFunction: retailDefinition.useScopeFunction,
    maxConnections: 2,
    ...changes,
  });
}

export const limits = { maxRows: 100, maxBytes: 1_000_000 };
