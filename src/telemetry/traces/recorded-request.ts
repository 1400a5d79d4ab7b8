import type { Observation } from '../../core/observation.ts';

type Of<K extends Observation['kind']> = Extract<Observation, { kind: K }>;

interface Ended {
  /** Milliseconds since 1970. */
  readonly endedAt: number;
  /** What the caller wrote, where it may be kept. */
  readonly content?: string | undefined;
}

export type RecordedStatement = Ended & Pick<Of<'statement_ran'>, 'outcome' | 'durationMs' | 'rowCount'>;
export type RecordedCall = Ended & Pick<Of<'tool_called'>, 'tool' | 'code' | 'durationMs'>;

/** What was done for one request, in the order in which it ended. */
export interface RecordedRequest {
  readonly requestId: string;
  readonly statements: readonly RecordedStatement[];
  readonly call?: RecordedCall | undefined;
  /** Absent for a call that went on after its request had been answered. */
  readonly end?: (Omit<Of<'request_answered'>, 'kind' | 'requestId'> & { readonly endedAt: number }) | undefined;
}
