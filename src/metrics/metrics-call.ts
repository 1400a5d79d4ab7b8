import type { Principal } from '../core/principal.ts';

/** Who asks, and until when the answer is wanted. */
export interface MetricsCall {
  readonly principal: Principal;
  readonly requestId?: string;
  readonly signal?: AbortSignal | undefined;
}
