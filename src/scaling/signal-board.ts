import type { Clock } from '../core/clock.ts';
import type { ScalingSignals } from './policy.ts';

/**
 * Where instances tell each other how busy they are, agree on who decides, and remember the last change, so that a decider who
 * comes after another keeps to the same cooldown.
 */
export interface SignalBoard {
  tell(signals: ScalingSignals): Promise<void>;
  /** What was told within the last `signalsLiveMs`, one an instance. */
  read(): Promise<readonly ScalingSignals[]>;
  /** True for one instance at a time; it stays so for `termMs`, and whoever leads renews it by asking again. */
  lead(termMs: number): Promise<boolean>;
  noteChange(): Promise<void>;
  /** Infinite where nobody has changed anything. */
  sinceChangeMs(): Promise<number>;
}

/** Three rounds: one that is late is not gone. */
export const signalsLiveMs = 45_000;

interface OwnBoard extends SignalBoard {
  hear(from: number, signals: ScalingSignals): void;
  /** One that has ended says nothing any more. */
  forget(from: number): void;
}

/** For one process, which hears its workers over their channels: the primary of a machine. */
export function createOwnBoard({ clock }: { readonly clock: Clock }): OwnBoard {
  const heard = new Map<number, { readonly at: number; readonly signals: ScalingSignals }>();
  let changedAt = Number.NEGATIVE_INFINITY;
  const hear = (from: number, signals: ScalingSignals) => void heard.set(from, { at: clock.monotonic(), signals });
  return {
    hear,
    forget: (from) => void heard.delete(from),
    tell: async (signals) => hear(0, signals),
    async read() {
      for (const [from, { at }] of heard) if (clock.monotonic() - at > signalsLiveMs) heard.delete(from);
      return [...heard.values()].map(({ signals }) => signals);
    },
    lead: async () => true,
    async noteChange() {
      changedAt = clock.monotonic();
    },
    sinceChangeMs: async () => clock.monotonic() - changedAt,
  };
}
