/** The latest run of a job, as far as it tells what is owed. */
export interface LatestRun {
  /** The time it was due, in milliseconds since 1970. */
  readonly slot: number;
  readonly attempt: number;
  /** `running` in some process. */
  readonly state: 'running' | 'settled' | 'failed' | 'broken_off';
  /** Since it ended. */
  readonly endedAgoMs: number;
}

export interface RetryPolicy {
  /** Runs of one slot, the first included. */
  readonly mostAttempts: number;
  /** Between a failure and the next attempt. */
  readonly retryAfterMs: number;
}

export type Due =
  /** `attempt` is the one that the new run follows; 0 = nobody has begun. */
  | { readonly what: 'run'; readonly slot: number; readonly attempt: number }
  /** A job that is new here owes nothing of the time before. */
  | { readonly what: 'begin'; readonly slot: number }
  | { readonly what: 'nothing' };

const nothing: Due = { what: 'nothing' };

/**
 * Of several missed slots only the latest is owed. A run that broke off (its process died or was stopped) is taken up at once,
 * one that failed after a while, both a limited number of times.
 */
export function decideDue(latestSlot: number, run: LatestRun | undefined, policy: RetryPolicy): Due {
  if (run === undefined) return { what: 'begin', slot: latestSlot };
  if (run.state === 'running') return nothing;
  if (latestSlot > run.slot) return { what: 'run', slot: latestSlot, attempt: 0 };
  if (run.state === 'settled' || run.attempt >= policy.mostAttempts) return nothing;
  if (run.state === 'failed' && run.endedAgoMs < policy.retryAfterMs) return nothing;
  return { what: 'run', slot: run.slot, attempt: run.attempt };
}
