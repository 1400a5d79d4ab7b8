import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { Revocation, RevocationStore } from './revocation.ts';

export interface RevokeRequest {
  /** Exactly one of the two. */
  readonly jti?: string | undefined;
  readonly subject?: string | undefined;
  readonly reason?: string | undefined;
  /** The longest that a token in question can still live. */
  readonly keepDays?: number | undefined;
}

export interface RevokeOptions {
  /** The truth: without it nothing is revoked. */
  readonly database: RevocationStore;
  /** For replicas that cannot reach the database. */
  readonly redis?: RevocationStore | undefined;
  readonly clock: Clock;
  readonly note: Note;
}

const maxLength = 1000;

/** Ends one token by its `jti`, or all tokens that a subject has by now. Every replica refuses them within five seconds. */
export async function revokeTokens(request: RevokeRequest, { database, redis, clock, note }: RevokeOptions): Promise<Revocation> {
  const { jti, subject, reason = '', keepDays = 30 } = request;
  const value = jti ?? subject;
  if (value === undefined || value === '' || (jti !== undefined && subject !== undefined)) {
    throw new AppError('invalid_input', 'A revocation names either one token or one subject', {
      hint: 'Give --jti with the token’s id, or --subject with the claim sub.',
    });
  }
  if (value.length > maxLength || reason.length > maxLength || !(keepDays > 0 && keepDays <= 3660)) {
    throw new AppError('invalid_input', 'The revocation is too long, or it is kept for no time or for ever', {
      hint: `Names and reasons have at most ${maxLength} characters, and a revocation is kept for up to 3660 days.`,
    });
  }
  const revokedAt = clock.now();
  const by = jti === undefined ? 'subject' : 'jti';
  const revocation: Revocation = { by, value, revokedAt, expiresAt: revokedAt + keepDays * 86_400_000, reason };
  await database.add(revocation);
  note({ kind: 'tokens_revoked', by, value, reason });
  await redis?.add(revocation).catch((error: unknown) => note({ kind: 'fault_met', where: 'revocation in Redis', error }));
  return revocation;
}
