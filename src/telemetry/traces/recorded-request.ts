import type { ErrorCode } from '../../core/errors.ts';
import type { Observation } from '../../core/observation.ts';

interface Ended {
  /** Milliseconds since 1970. */
  readonly endedAt: number;
  readonly durationMs: number;
  /** What the caller wrote, where it may be kept. */
  readonly content: string | undefined;
}

export interface RecordedStatement extends Ended {
  readonly outcome: 'answered' | ErrorCode;
  readonly rowCount: number | undefined;
}

export interface RecordedCall extends Ended {
  readonly tool: string;
  readonly code: ErrorCode | undefined;
}

/** What was done for one request, in the order in which it ended. */
export interface RecordedRequest {
  readonly requestId: string;
  readonly statements: readonly RecordedStatement[];
  readonly call: RecordedCall | undefined;
  /** Absent for a call that went on after its request had been answered. */
  readonly end: Extract<Observation, { kind: 'request_answered' }> | undefined;
  readonly endedAt: number;
}
