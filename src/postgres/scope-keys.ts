import type { OwnerSession } from './database.ts';
import { paddedKeys, type ScopeSigningKey } from './scope-token.ts';

/** As the owner: one more key that `use_scope` accepts, from now on. */
export async function addScopeKey(session: Pick<OwnerSession, 'query'>, { kid, key }: ScopeSigningKey): Promise<void> {
  const { innerPad, outerPad } = paddedKeys(key);
  await session.query(
    `INSERT INTO keys.scope_keys (kid, purpose, inner_pad, outer_pad) VALUES ($1, 'sign', decode($2, 'hex'), decode($3, 'hex'))`,
    [kid, innerPad.toString('hex'), outerPad.toString('hex')],
  );
}

/** As the owner: every other signing key ends after this time, none of them later than before. What ended a day ago is deleted. */
export async function retireOtherScopeKeys(session: Pick<OwnerSession, 'query'>, kid: string, afterMs: number): Promise<void> {
  await session.query(
    `UPDATE keys.scope_keys SET valid_to = least(valid_to, clock_timestamp() + $2::int * interval '1 millisecond')
     WHERE purpose = 'sign' AND kid <> $1`,
    [kid, afterMs],
  );
  await session.query("DELETE FROM keys.scope_keys WHERE purpose = 'sign' AND valid_to < clock_timestamp() - interval '1 day'");
}
