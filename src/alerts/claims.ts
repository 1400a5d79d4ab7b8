import { createHash } from 'node:crypto';
import { within } from '../core/within.ts';
import type { Transition } from './state-machine.ts';

/**
 * Which of several servers tells of an alert that they all see: the first that claims it. Resolves to false where another one has.
 * Must not reject: where nobody can be asked, two notices are better than none.
 */
export interface NoticeClaims {
  take(key: string, kind: Transition['kind']): Promise<boolean>;
  /** These are still seen here. */
  renew(keys: readonly string[]): Promise<void>;
}

/** What servers share, where claims can be settled. Rejects while it cannot be asked. */
export interface ClaimPlace {
  /** For the first notice of a firing, or the next one. */
  begin(alert: string): Promise<boolean>;
  /** Who told of the beginning tells of the end, or anybody where that one is not heard of. */
  end(alert: string): Promise<boolean>;
  /** These are still seen by who told of them: known from now on also where the place was away at their beginning. */
  renew(alerts: readonly string[]): Promise<void>;
}

export interface ClaimsOptions {
  /** The first that answers settles it. */
  readonly places: readonly ClaimPlace[];
  /** What a place may take to answer. */
  readonly limitMs?: number;
}

/**
 * The first place that answers settles it; whoever won says so in the others, too, since the next server may meet another one.
 * Where no place answers, each server tells for itself.
 */
export function createClaims({ places, limitMs = 2000 }: ClaimsOptions): NoticeClaims {
  const begun = new Map<string, { readonly place: ClaimPlace | undefined; readonly mine: boolean }>();
  const ask = <T>(work: Promise<T>) => within(limitMs, work).catch(() => undefined);
  const inOthers = (place: ClaimPlace | undefined, tell: (other: ClaimPlace) => Promise<unknown>) =>
    Promise.all(places.filter((other) => other !== place).map((other) => ask(tell(other))));

  const begin = async (alert: string): Promise<boolean> => {
    for (const place of places) {
      const mine = await ask(place.begin(alert));
      if (mine === undefined) continue;
      begun.set(alert, { place, mine });
      if (mine) await inOthers(place, (other) => other.begin(alert));
      return mine;
    }
    begun.set(alert, { place: undefined, mine: true });
    return true;
  };
  const end = async (alert: string): Promise<boolean> => {
    const { place, mine } = begun.get(alert) ?? { place: places[0], mine: true };
    begun.delete(alert);
    const ended = (place && (await ask(place.end(alert)))) ?? mine;
    if (ended) await inOthers(place, (other) => other.end(alert));
    return ended;
  };
  return {
    take: (key, kind) => (kind === 'resolved' ? end(claimName(key)) : begin(claimName(key))),
    async renew(keys) {
      const mine = keys.map(claimName).filter((alert) => begun.get(alert)?.mine);
      if (mine.length > 0) await inOthers(undefined, (place) => place.renew(mine));
    },
  };
}

/** What an alert goes by among servers: whom it is about is none of their store's business. */
export const claimName = (key: string): string => createHash('sha256').update(key).digest('hex');

/** A holder renews at every evaluation: one that is silent for longer has ended. */
export const holderSilentMs = 90_000;
/** As long as any alert is remembered. */
export const claimsKeptMs = 7 * 24 * 3_600_000;
/** Clocks of replicas differ, and evaluations come at moments of their own. */
export const claimSlackMs = 20_000;
