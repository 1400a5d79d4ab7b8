import { createHash } from 'node:crypto';
import { within } from '../core/within.ts';

/** `held`: whoever told of the beginning has not told of the end yet. Asked again later, that may have changed, or they may be gone. */
export type EndClaim = 'mine' | 'held' | 'over';
/** By the number that a statement or a script answers with. */
export const endClaims: readonly EndClaim[] = ['over', 'mine', 'held'];

/** Which of several servers tells of an alert that they all see. Must not reject: where nobody can be asked, two notices are better than none. */
export interface NoticeClaims {
  /** Of the beginning, or that it goes on: the first that claims it. False where another one has. */
  begin(key: string): Promise<boolean>;
  /** Of the end: who told of the beginning. */
  end(key: string): Promise<EndClaim>;
  /** These are still seen here. */
  renew(keys: readonly string[]): Promise<void>;
}

/** What servers share, where claims can be settled. Rejects while it cannot be asked. */
export interface ClaimPlace {
  /** For the first notice of a firing, or the next one. */
  begin(alert: string): Promise<boolean>;
  /** Who told of the beginning tells of the end, or anybody where that one is not heard of. */
  end(alert: string): Promise<EndClaim>;
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
 * Who is refused nowhere tells. The places are asked in their order, so that whoever the last of them takes has been taken by all
 * that answer: one that comes back in the middle cannot settle it twice. Where no place answers, each server tells for itself.
 */
export function createClaims({ places, limitMs = 2000 }: ClaimsOptions): NoticeClaims {
  const begun = new Map<string, { readonly askedAt: readonly ClaimPlace[]; readonly mine: boolean }>();
  const ask = <T>(work: Promise<T>) => within(limitMs, work).catch(() => undefined);
  const everywhere = <T>(among: readonly ClaimPlace[], tell: (place: ClaimPlace) => Promise<T>) =>
    Promise.all(among.map((place) => ask(tell(place))));

  const begin = async (alert: string): Promise<boolean> => {
    const won: ClaimPlace[] = [];
    for (const place of places) {
      const mine = await ask(place.begin(alert));
      if (mine) won.push(place);
      if (mine !== false) continue;
      await everywhere(won, ({ end }) => end(alert));
      begun.set(alert, { askedAt: [place], mine });
      return false;
    }
    begun.set(alert, { askedAt: won, mine: true });
    return true;
  };
  const end = async (alert: string): Promise<EndClaim> => {
    const { askedAt, mine } = begun.get(alert) ?? { askedAt: places, mine: true };
    const answers = (await everywhere(askedAt, (place) => place.end(alert))).filter((answer) => answer !== undefined);
    const known = answers.length > 0 ? answers : [mine ? ('mine' as const) : ('over' as const)];
    const outcome = (['mine', 'held'] as const).find((each) => known.includes(each)) ?? 'over';
    if (outcome !== 'held') begun.delete(alert);
    // Those that were away at the beginning have heard of it since.
    if (outcome === 'mine')
      await everywhere(
        places.filter((place) => !askedAt.includes(place)),
        (place) => place.end(alert),
      );
    return outcome;
  };
  return {
    begin: (key) => begin(claimName(key)),
    end: (key) => end(claimName(key)),
    async renew(keys) {
      const mine = keys.map(claimName).filter((alert) => begun.get(alert)?.mine);
      if (mine.length > 0) await Promise.all(places.map((place) => ask(place.renew(mine))));
    },
  };
}

/** What an alert goes by among servers: whom it is about is none of their store's business. */
export const claimName = (key: string): string => createHash('sha256').update(key).digest('hex');

/** As long as any alert is remembered. */
export const claimsKeptMs = 7 * 24 * 3_600_000;
/** Clocks of replicas differ, and evaluations come at moments of their own. */
export const claimSlackMs = 20_000;
