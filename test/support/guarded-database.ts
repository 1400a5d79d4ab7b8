import { createGuard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import type { Tier } from './databases.ts';

/** A seeded database, and the guard as it reads statements for a server of that version. */
export async function openGuarded(tier: Tier) {
  const db = await tier.open();
  return { db, guard: await createGuard({ definition: retailDefinition, serverMajor: db.database.serverMajor }) };
}
