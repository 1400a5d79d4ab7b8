/** How long calls waited for a connection lately: the last thousand, of the last minute. */
export function createRecentWaits({ now, keepMs = 60_000, most = 1000 }: RecentWaitsOptions) {
  const endedAt = new Float64Array(most).fill(Number.NEGATIVE_INFINITY);
  const waitedMs = new Float64Array(most);
  let next = 0;
  return {
    note(ms: number): void {
      endedAt[next] = now();
      waitedMs[next] = ms;
      next = (next + 1) % most;
    },
    /** 95th percentile in milliseconds; 0 where nobody asked. */
    p95Ms(): number {
      const since = now() - keepMs;
      const recent = waitedMs.filter((_, index) => (endedAt[index] as number) >= since).sort();
      return recent[Math.ceil(0.95 * recent.length) - 1] ?? 0;
    },
  };
}

export interface RecentWaitsOptions {
  /** Milliseconds that never run backwards. */
  readonly now: () => number;
  readonly keepMs?: number;
  readonly most?: number;
}
