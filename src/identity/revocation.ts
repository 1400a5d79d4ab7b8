import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { notAccepted, type VerifiedClaims } from './verified-claims.ts';

/** One token, or every token of a subject that was issued up to `revokedAt`. */
export interface Revocation {
  readonly by: 'jti' | 'subject';
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly revokedAt: number;
  /** When the last token meant has expired, in milliseconds since 1970: then the entry is dropped. */
  readonly expiresAt: number;
  readonly reason: string;
}

/** Where revocations are kept. Two adapters: `database-revocation.ts`, which is the truth, and `redis-revocation.ts`. */
export interface RevocationStore {
  add(revocation: Revocation): Promise<void>;
  /** Those in force that this reader has not been given yet, and perhaps some that it has. */
  news(): Promise<readonly Revocation[]>;
}

export interface RevocationListOptions {
  /** Asked in this order; the first that answers will do. */
  readonly stores: readonly RevocationStore[];
  readonly clock: Clock;
  readonly note: Note;
}

/** Older than this: the list is read again while calls go on. */
const refreshMs = 1000;
/** Older than this: calls wait for the reading, until it has taken this long. */
const staleMs = 3000;
const maxWaitMs = 1000;
const maxFirstWaitMs = 5000;
/** No store answers: the last known list still counts for this long, then every call is refused. */
const graceMs = 60_000;
/** The clock skew that token verification allows: an entry must outlive its tokens. */
const skewMs = 60_000;

/** Asks nobody on most calls: the list is in memory, and at most `staleMs` behind what any replica has revoked. */
export function createRevocationList({ stores, clock, note }: RevocationListOptions) {
  const entries = new Map<string, Revocation>();
  let readAt = Number.NEGATIVE_INFINITY;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  let failing = false;

  const read = async () => {
    const startedAt = clock.monotonic();
    attemptedAt = startedAt;
    try {
      for (const revocation of await firstAnswer(stores)) remember(entries, revocation);
      readAt = startedAt;
      failing = false;
    } catch (error) {
      if (!failing) note({ kind: 'fault_met', where: 'revocation list', error });
      failing = true;
    } finally {
      reading = undefined;
    }
    dropExpired(entries, clock.now() - skewMs);
  };
  const age = () => clock.monotonic() - readAt;

  return {
    /** Throws `unauthenticated` for a revoked token, `dependency_unavailable` when the list is out of reach for too long. */
    async check(claims: VerifiedClaims): Promise<void> {
      if (age() >= refreshMs && clock.monotonic() - attemptedAt >= refreshMs) reading ??= read();
      if (age() >= staleMs && reading !== undefined) {
        const waitMs = readAt === Number.NEGATIVE_INFINITY ? maxFirstWaitMs : maxWaitMs;
        await atMost(waitMs - (clock.monotonic() - attemptedAt), reading);
      }
      if (isRevoked(claims, entries)) throw notAccepted('it has been revoked');
      if (age() < graceMs) return;
      throw new AppError('dependency_unavailable', 'Whether tokens have been revoked cannot be found out at the moment', {
        hint: 'Try again shortly; the operator sees the cause in the server log.',
        retryAfterMs: 2000,
      });
    },
  };
}
export type RevocationList = ReturnType<typeof createRevocationList>;

const keyOf = (by: Revocation['by'], value: string) => `${by}:${value}`;

function remember(entries: Map<string, Revocation>, revocation: Revocation): void {
  const key = keyOf(revocation.by, revocation.value);
  const known = entries.get(key);
  entries.set(
    key,
    known === undefined
      ? revocation
      : {
          ...revocation,
          revokedAt: Math.max(known.revokedAt, revocation.revokedAt),
          expiresAt: Math.max(known.expiresAt, revocation.expiresAt),
        },
  );
}

function dropExpired(entries: Map<string, Revocation>, before: number): void {
  for (const [key, { expiresAt }] of entries) if (expiresAt < before) entries.delete(key);
}

/** `iat` has whole seconds: a token issued in the very second of the revocation is refused with the others. */
function isRevoked({ tokenId, subject, issuedAt }: VerifiedClaims, entries: ReadonlyMap<string, Revocation>): boolean {
  if (tokenId !== undefined && entries.has(keyOf('jti', tokenId))) return true;
  const ofSubject = entries.get(keyOf('subject', subject));
  return ofSubject !== undefined && Math.floor(issuedAt) * 1000 <= ofSubject.revokedAt;
}

async function firstAnswer(stores: readonly RevocationStore[]): Promise<readonly Revocation[]> {
  const faults: unknown[] = [];
  for (const store of stores) {
    try {
      return await store.news();
    } catch (error) {
      faults.push(error);
    }
  }
  throw faults[0];
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  if (ms <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
