import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import { type ComponentHealth, type HealthCheck, type HealthState, runCheck, worst } from './health-check.ts';

export const componentNames = ['database', 'ai_service', 'system', 'application'] as const;
export type ComponentName = (typeof componentNames)[number];

export interface HealthSnapshot {
  readonly overall_status: HealthState;
  /** Those that are not healthy. */
  readonly failed_components: readonly ComponentName[];
  readonly timestamp: string;
  readonly components: Readonly<Record<ComponentName, ComponentHealth>>;
}

export interface HealthReportOptions {
  readonly checks: Readonly<Record<ComponentName, HealthCheck>>;
  readonly clock: Clock;
  readonly note: Note;
  /** Of one check. */
  readonly limitMs?: number;
  /** How long one result serves all who ask. */
  readonly shareMs?: number;
}

/** The state of four components. However many probes ask, each check runs once in five seconds. */
export function createHealthReport({ checks, clock, note, limitMs = 2000, shareMs = 5000 }: HealthReportOptions) {
  let shared: { readonly since: number; readonly report: Promise<HealthSnapshot> } | undefined;
  const known = new Map<ComponentName, HealthState>();

  const tellChange = (component: ComponentName, { status, reasons }: ComponentHealth) => {
    const from = known.get(component) ?? 'healthy';
    known.set(component, status);
    if (from !== status) note({ kind: 'health_changed', component, from, to: status, reason: reasons.join('; ') });
  };
  const make = async (): Promise<HealthSnapshot> => {
    const found = await Promise.all(
      componentNames.map(async (name) => [name, await runCheck(checks[name], limitMs, clock)] as const),
    );
    for (const [name, health] of found) tellChange(name, health);
    return {
      overall_status: overall(Object.fromEntries(found) as HealthSnapshot['components']),
      failed_components: found.filter(([, { status }]) => status !== 'healthy').map(([name]) => name),
      timestamp: new Date(clock.now()).toISOString(),
      components: Object.fromEntries(found) as HealthSnapshot['components'],
    };
  };
  return {
    current(): Promise<HealthSnapshot> {
      if (shared === undefined || clock.monotonic() - shared.since >= shareMs) {
        shared = { since: clock.monotonic(), report: make() };
      }
      return shared.report;
    },
  };
}
export type HealthReport = ReturnType<typeof createHealthReport>;

/** Only without the database can a server answer nobody; whatever else is wrong, it still does its work, or some of it. */
function overall({ database, ...others }: HealthSnapshot['components']): HealthState {
  const allWell = Object.values(others).every(({ status }) => status === 'healthy');
  return worst([database.status, allWell ? 'healthy' : 'degraded']);
}
