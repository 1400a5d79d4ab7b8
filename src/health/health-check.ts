import type { Clock } from '../core/clock.ts';
import { within } from '../core/within.ts';

export type HealthState = 'healthy' | 'degraded' | 'unhealthy';

export interface Findings {
  readonly status: HealthState;
  /** What is wrong, in words for an operator; empty where nothing is. */
  readonly reasons: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ComponentHealth extends Findings {
  readonly ms: number;
}

export type HealthCheck = () => Promise<Findings>;

const order: readonly HealthState[] = ['healthy', 'degraded', 'unhealthy'];
export const worst = (states: readonly HealthState[]): HealthState =>
  order[Math.max(0, ...states.map((state) => order.indexOf(state)))] ?? 'healthy';

/** Something that may be wrong, and how bad that is. */
export interface Concern {
  readonly when: boolean;
  readonly status: Exclude<HealthState, 'healthy'>;
  readonly reason: string;
}

export function findingsOf(concerns: readonly Concern[], details: Findings['details']): Findings {
  const real = concerns.filter(({ when }) => when);
  return { status: worst(real.map(({ status }) => status)), reasons: real.map(({ reason }) => reason), details };
}

/** A check that fails or does not come back in time is a finding. What it failed with stays with us: it may hold addresses. */
export async function runCheck(check: HealthCheck, limitMs: number, clock: Pick<Clock, 'monotonic'>): Promise<ComponentHealth> {
  const start = clock.monotonic();
  const unanswered = (): Findings => ({ status: 'unhealthy', reasons: [`no answer within ${limitMs / 1000} s`], details: {} });
  const failed = (): Findings => ({ status: 'unhealthy', reasons: ['the check itself failed'], details: {} });
  let late = false;
  const findings = await within(limitMs, check(), () => {
    late = true;
    return new Error('late');
  }).catch(() => (late ? unanswered() : failed()));
  return { ...findings, ms: Math.round(clock.monotonic() - start) };
}
