import type { Clock } from '../core/clock.ts';

/** How much is taken of each thing that can run out. */
export interface LoadInputs {
  readonly connectionsInUse: number;
  readonly connectionsMax: number;
  readonly acquireP95Ms: number;
  readonly acquireTimeoutMs: number;
  /** 0 to 1. */
  readonly cpuShare: number;
  /** 0 to 1. */
  readonly loopUtilisation: number;
}

/** 0 to 1: a server is as busy as its scarcest resource. */
export function loadOf(inputs: LoadInputs): number {
  const { connectionsInUse, connectionsMax, acquireP95Ms, acquireTimeoutMs, cpuShare, loopUtilisation } = inputs;
  const shares = [connectionsInUse / connectionsMax, acquireP95Ms / acquireTimeoutMs, cpuShare, loopUtilisation];
  return Math.min(1, Math.max(0, ...shares.filter(Number.isFinite)));
}

export interface MinuteMeanOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly lengthMs?: number;
}

/** The mean of what was noted in the last minute: a moment's peak is no reason to start a machine, or to wake somebody. */
export function createMinuteMean({ clock, lengthMs = 60_000 }: MinuteMeanOptions) {
  let recent: { readonly at: number; readonly value: number }[] = [];
  return {
    note(value: number): void {
      const at = clock.monotonic();
      recent = [...recent.filter((one) => one.at > at - lengthMs), { at, value }];
    },
    value: (): number => (recent.length === 0 ? 0 : recent.reduce((sum, { value }) => sum + value, 0) / recent.length),
  };
}
