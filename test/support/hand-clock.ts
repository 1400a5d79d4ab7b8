import type { Clock } from '../../src/core/clock.ts';

export interface HandClock extends Clock {
  advance(ms: number): void;
}

/** Time that passes when the test says so. */
export function handClock(startMs = Date.UTC(2026, 10, 22)): HandClock {
  let ms = 0;
  return {
    now: () => startMs + ms,
    monotonic: () => ms,
    advance(by) {
      ms += by;
    },
  };
}
