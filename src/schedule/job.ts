/** What a job says of how far it is. Kept in `ops.job_runs` while it runs. */
export interface JobProgress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
}

/** Work that is due at certain times. One run at a time, in one process of all that share the database. */
export interface Job {
  readonly name: string;
  /** Five fields, in UTC. */
  readonly cron: string;
  readonly purpose: string;
  /** A run that takes longer is told to stop, and has failed. */
  readonly timeoutMs: number;
  /** Also due when a server starts, whenever it last ran. */
  readonly atStart?: boolean;
  /** Why this installation cannot run it; a run is then skipped. Absent: it can. */
  readonly lacks?: string | undefined;
  /**
   * Ends soon after the signal does, and may be run again for the same time: after a process that died, for instance. What it
   * returns is kept as the detail of the run.
   */
  run(signal: AbortSignal, progress: (progress: JobProgress) => void): Promise<string>;
}

export type JobOutcome = 'done' | 'failed' | 'skipped' | 'cancelled';
