import { afterEach, expect, test } from 'vitest';
import { type ApplicationCheckOptions, createApplicationCheck } from '../../../src/health/checks/application-check.ts';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';
import { createReadings } from '../../../src/telemetry/metrics/readings.ts';
import { handClock } from '../../support/hand-clock.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function application(changes: Partial<ApplicationCheckOptions> = {}) {
  const store = createMetricStore();
  const clock = handClock();
  const readings = createReadings({ store, clock });
  opened.push(readings);
  const check = createApplicationCheck({
    ...{ readings, toolCount: () => 9, cacheOn: true },
    backupAgeSeconds: () => readings.value('backup_age_seconds'),
    ...changes,
  });
  const answered = (count: number) => store.add('mcp_requests_total', count, 'tools/call', 'answered');
  return { store, clock, readings, check, answered };
}

test('callers’ own mistakes are no reason to doubt the server', async () => {
  const { store, check, answered } = application();
  answered(100);
  for (const code of ['query_rejected', 'unauthenticated', 'rate_limited', 'query_failed']) store.add('errors_total', 100, code);
  expect(await check()).toMatchObject({
    status: 'healthy',
    details: { requests_5m: 100, errors_5m: 0, backup_age_seconds: 'unknown' },
  });
});

test('more than 5 % of failures in five minutes degrade, once there were twenty requests, and are forgotten later', async () => {
  const { store, clock, readings, check, answered } = application();
  store.add('errors_total', 2, 'internal');
  answered(19);
  expect(await check()).toMatchObject({ status: 'healthy' });
  answered(1);
  expect(await check()).toMatchObject({ status: 'degraded', reasons: ['10 % of the requests of 5 minutes failed'] });
  readings.take();
  clock.advance(300_000);
  expect(await check()).toMatchObject({ status: 'healthy' });
});

test('products without a vector degrade, and name the remedy; a database that is away says nothing of them', async () => {
  const missing = application({ embeddings: async () => ({ stored: 400, wanted: 419 }) });
  expect(await missing.check()).toMatchObject({
    status: 'degraded',
    reasons: ['19 products have no vector: run zava-mcp-server index-products'],
  });
  const away = application({ embeddings: () => Promise.reject(new Error('away')) });
  expect(await away.check()).toMatchObject({ status: 'healthy', details: { embeddings: 'unknown' } });
});

test('a backup older than 26 hours degrades', async () => {
  const { store, check } = application();
  store.set('backup_age_seconds', 26 * 3600);
  expect(await check()).toMatchObject({ status: 'healthy' });
  store.set('backup_age_seconds', 30 * 3600);
  expect(await check()).toMatchObject({ status: 'degraded', reasons: ['the last full backup is 30 h old'] });
});

test('a cache that fails degrades, and no tool at all is worse', async () => {
  const { store, check } = application();
  store.add('cache_errors_total', 1);
  expect(await check()).toMatchObject({ status: 'degraded', reasons: ['the shared cache fails: answers are slower'] });
  const bare = application({ toolCount: () => 0, cacheOn: false });
  expect(await bare.check()).toMatchObject({ status: 'unhealthy', reasons: ['no tool is loaded'], details: { cache: 'off' } });
});
