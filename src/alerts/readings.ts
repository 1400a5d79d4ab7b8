/** One series of a metric as it stands. */
export interface Reading {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The numbers that rules read: what this process counts of itself. `where`: only series with these labels. */
export interface Readings {
  all(): readonly Reading[];
  /** Growth of a counter over the last `windowMs`; 0 for one that has never counted. */
  increase(metric: string, windowMs: number, where?: Readonly<Record<string, string>>): number;
  /** Mean of what a histogram observed over the last `windowMs`; undefined where that is nothing. */
  mean(metric: string, windowMs: number, where?: Readonly<Record<string, string>>): number | undefined;
}

/** What no metric can say: it concerns single callers, or was found out by looking. */
export interface Fact {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export const factNames = [
  'database_unhealthy',
  'database_response_seconds',
  'read_replicas_away',
  'redis_away',
  'embedder_away',
  'component_unhealthy',
  'servers_lost',
  'clock_skew_seconds',
  'backup_failed',
  'memory_share',
  'failures_of_one_caller',
  'addresses_of_one_subject',
  'refused_tenants_of_one_subject',
  'queries_of_one_subject',
  'restore_test_failed',
  'isolation_broken',
  'audit_chain_broken',
] as const;
export type FactName = (typeof factNames)[number];

/** Undefined: nobody has looked, or looking failed. An empty list: looked, and found nothing. */
export type Facts = (name: FactName) => readonly Fact[] | undefined;
