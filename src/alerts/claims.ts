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
  renew(alerts: readonly string[]): Promise<void>;
}

export interface ClaimsOptions {
  /** The first that answers settles it. */
  readonly places: readonly ClaimPlace[];
  /** What a place may take to answer. */
  readonly limitMs?: number;
}

/**
 * The end of an alert is settled where its beginning was: the place that was away then knows nothing of it. Where no place
 * answers, each server tells for itself.
 */
export function createClaims({ places, limitMs = 2000 }: ClaimsOptions): NoticeClaims {
  const begun = new Map<string, { readonly place: ClaimPlace | undefined; readonly mine: boolean }>();
  const ask = async (place: ClaimPlace, work: (place: ClaimPlace) => Promise<boolean>) =>
    within(limitMs, work(place)).catch(() => undefined);
  const begin = async (alert: string): Promise<boolean> => {
    for (const place of places) {
      const mine = await ask(place, ({ begin }) => begin(alert));
      if (mine === undefined) continue;
      begun.set(alert, { place, mine });
      return mine;
    }
    begun.set(alert, { place: undefined, mine: true });
    return true;
  };
  const end = async (alert: string): Promise<boolean> => {
    const { place, mine } = begun.get(alert) ?? { place: places[0], mine: true };
    begun.delete(alert);
    const answer = place === undefined ? undefined : await ask(place, ({ end }) => end(alert));
    return answer ?? mine;
  };
  return {
    take: (key, kind) => (kind === 'resolved' ? end(claimName(key)) : begin(claimName(key))),
    async renew(keys) {
      const alerts = keys.map(claimName);
      const at = (place: ClaimPlace) => alerts.filter((alert) => begun.get(alert)?.place === place);
      await Promise.all(
        places.map(async (place) => {
          const mine = at(place);
          if (mine.length > 0) await within(limitMs, place.renew(mine)).catch(() => {});
        }),
      );
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
