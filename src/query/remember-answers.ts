import type { ApprovedQuery } from './approved-query.ts';
import type { RenderedRows } from './render-rows.ts';

export interface RememberedQuestion {
  readonly approved: ApprovedQuery;
  /** Of the principal: an answer belongs to this scope alone. */
  readonly tenantIds: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** Asks the database. It may be asked again later, without a caller, so it holds neither token nor person. */
  readonly produce: (signal: AbortSignal | undefined) => Promise<RenderedRows>;
}

export interface RememberedAnswer {
  readonly result: RenderedRows;
  readonly cached: boolean;
  /** True where the database is away and the answer may be out of date. */
  readonly stale: boolean;
  /** Of one that was kept: what it would have taken, and whether it was made before anybody asked. */
  readonly saved?: { readonly ms: number; readonly warmed: boolean };
}

/** Answers from what is kept, where that cannot have changed; otherwise asks, once for all who ask the same meanwhile. */
export type RememberAnswers = (question: RememberedQuestion) => Promise<RememberedAnswer>;
