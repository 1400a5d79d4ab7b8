import { expect, test } from 'vitest';
import type { Observation } from '../../src/core/observation.ts';
import type { HealthCheck, HealthState } from '../../src/health/health-check.ts';
import { componentNames, createHealthReport, type HealthReportOptions } from '../../src/health/health-report.ts';
import { handClock } from '../support/hand-clock.ts';

const says =
  (status: HealthState, reason: string = status): HealthCheck =>
  async () => ({ status, reasons: status === 'healthy' ? [] : [reason], details: {} });

function report(changes: Partial<HealthReportOptions['checks']> = {}, limitMs = 50) {
  const checks = Object.fromEntries(
    componentNames.map((name) => [name, says('healthy')]),
  ) as unknown as HealthReportOptions['checks'];
  const clock = handClock();
  const noted: Observation[] = [];
  const made = { ...checks, ...changes };
  return { clock, noted, made, report: createHealthReport({ checks: made, clock, note: (one) => noted.push(one), limitMs }) };
}

test.each([
  ['database', 'unhealthy', 'unhealthy'],
  ['database', 'degraded', 'degraded'],
  ['ai_service', 'unhealthy', 'degraded'],
  ['system', 'unhealthy', 'degraded'],
  ['application', 'unhealthy', 'degraded'],
] as const)('%s %s makes the server %s', async (name, status, overall) => {
  const { report: made } = report({ [name]: says(status) });
  expect(await made.current()).toMatchObject({ overall_status: overall, failed_components: [name] });
});

test('a check that does not come back in time is a finding, and holds nobody up', async () => {
  const { report: made } = report({ ai_service: () => new Promise(() => {}) });
  expect((await made.current()).components.ai_service).toMatchObject({
    status: 'unhealthy',
    reasons: ['no answer within 0.05 s'],
  });
});

test('a check that fails tells nothing of what it failed with', async () => {
  const { report: made } = report({ system: () => Promise.reject(new Error('postgresql://zava:hunter2@db')) });
  const told = await made.current();
  expect(told.components.system).toMatchObject({ status: 'unhealthy', reasons: ['the check itself failed'] });
  expect(JSON.stringify(told)).not.toContain('hunter2');
});

test('one result serves all who ask for five seconds', async () => {
  let asked = 0;
  const counting: HealthCheck = async () => {
    asked += 1;
    return { status: 'healthy', reasons: [], details: {} };
  };
  const { clock, report: made } = report({ database: counting });
  await Promise.all(Array.from({ length: 100 }, () => made.current()));
  expect(asked).toBe(1);
  clock.advance(5000);
  await made.current();
  expect(asked).toBe(2);
});

test('a change of state is noted once, both ways; a check that finds it as before is not', async () => {
  let now: HealthState = 'degraded';
  const { clock, noted, report: made } = report({ ai_service: () => says(now, 'away')() });
  for (const next of ['degraded', 'degraded', 'healthy', 'healthy'] as const) {
    now = next;
    await made.current();
    clock.advance(5000);
  }
  expect(noted).toEqual([
    { kind: 'health_changed', component: 'ai_service', from: 'healthy', to: 'degraded', reason: 'away' },
    { kind: 'health_changed', component: 'ai_service', from: 'degraded', to: 'healthy', reason: '' },
  ]);
});
