/** Time as an argument, so that tests can let it stand still. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, for what the outside world reads. */
  now(): number;
  /** Milliseconds from an arbitrary start that never run backwards, for durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
