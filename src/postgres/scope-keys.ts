import { AppError } from '../core/errors.ts';
import type { OwnerSession } from './database.ts';
import { paddedKeys, type ScopeSigningKey } from './scope-token.ts';
import { isPostgresError } from './sqlstate.ts';

/** As the owner: one more key that `use_scope` accepts, from now on. */
export async function addScopeKey(session: Pick<OwnerSession, 'query'>, { kid, key }: ScopeSigningKey): Promise<void> {
  const { innerPad, outerPad } = paddedKeys(key);
  try {
    await session.query(
      `INSERT INTO keys.scope_keys (kid, purpose, inner_pad, outer_pad) VALUES ($1, 'sign', decode($2, 'hex'), decode($3, 'hex'))`,
      [kid, innerPad.toString('hex'), outerPad.toString('hex')],
    );
  } catch (cause) {
    // undefined_table, insufficient_privilege
    if (!isPostgresError(cause) || !['42P01', '42501'].includes(cause.code)) throw cause;
    throw new AppError('misconfigured', 'The database takes no signing key from this login', {
      hint: 'POSTGRES_OWNER_URL must name the owner, in a database that bootstrap has prepared.',
      cause,
    });
  }
}

/**
 * As the owner: every other signing key ends after this time, none of them later than before. What ended a day ago loses its
 * key material and keeps its name, by which `installKeys` knows that it must not come back.
 */
export async function retireOtherScopeKeys(session: Pick<OwnerSession, 'query'>, kid: string, afterMs: number): Promise<void> {
  await session.query(
    `UPDATE keys.scope_keys SET valid_to = least(valid_to, clock_timestamp() + $2::int * interval '1 millisecond')
     WHERE purpose = 'sign' AND kid <> $1`,
    [kid, afterMs],
  );
  await session.query(
    `UPDATE keys.scope_keys SET inner_pad = sha512(gen_random_uuid()::text::bytea), outer_pad = sha512(gen_random_uuid()::text::bytea)
     WHERE purpose = 'sign' AND valid_to < clock_timestamp() - interval '1 day'`,
  );
}
