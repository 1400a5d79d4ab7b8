import { afterEach, expect, test } from 'vitest';
import { createAiServiceCheck } from '../../../src/health/checks/ai-service-check.ts';
import { createAzureOpenAIEmbedder } from '../../../src/search/embedding/azure-openai-embedder.ts';
import { embeddingService, refusal } from '../../support/embedding-service.ts';
import { handClock } from '../../support/hand-clock.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function azure() {
  const service = await embeddingService();
  open.push(service);
  const clock = handClock();
  const noted: unknown[] = [];
  const embedder = createAzureOpenAIEmbedder({
    ...{ endpoint: service.url, deployment: 'text-embedding-3-small', apiVersion: '2024-02-01' },
    ...{ credential: { apiKey: 'k' }, clock, note: (observation) => noted.push(observation) },
  });
  return { service, clock, embedder, noted, check: createAiServiceCheck({ embedder, clock, probeTimeoutMs: 300 }) };
}

test('without an embedder nothing is missing', async () => {
  const check = createAiServiceCheck({ embedder: undefined, clock: handClock() });
  expect(await check()).toEqual({ status: 'healthy', reasons: [], details: { embedder: 'none' } });
});

test('a service that answers is asked once in five minutes, and its tokens are counted', async () => {
  const { service, clock, check, noted } = await azure();
  for (let asked = 0; asked < 3; asked += 1)
    expect(await check()).toMatchObject({ status: 'healthy', details: { embedder: 'azure' } });
  expect(service.calls.map(({ input }) => input)).toEqual([['a']]);
  expect(noted).toEqual([{ kind: 'tokens_counted', embedder: 'azure', tokens: 1 }]);
  clock.advance(300_000);
  await check();
  expect(service.calls).toHaveLength(2);
});

test('a service that has gone degrades, is asked again soon, and is healthy when it is back', async () => {
  const { service, clock, check } = await azure();
  await service.kill();
  expect(await check()).toMatchObject({
    status: 'degraded',
    reasons: ['the embedder does not answer: search compares words alone'],
  });
  await service.comeBack();
  expect(await check()).toMatchObject({ status: 'degraded' });
  clock.advance(15_000);
  expect(await check()).toMatchObject({ status: 'healthy' });
});

test('a breaker that is open degrades without a probe, and its change is noted', async () => {
  const { service, embedder, check, noted } = await azure();
  service.troubles.push(...Array.from({ length: 5 }, () => refusal(500)));
  for (let failed = 0; failed < 5; failed += 1) await embedder.embed(['x'], { timeoutMs: 1 }).catch(() => {});
  while (embedder.breakerState?.() !== 'open') await embedder.embed(['x'], { timeoutMs: 200 }).catch(() => {});
  const calls = service.calls.length;
  expect(await check()).toMatchObject({ status: 'degraded', details: { breaker: 'open' } });
  expect(service.calls).toHaveLength(calls);
  expect(noted).toContainEqual({ kind: 'circuit_changed', dependency: 'embedding service', state: 'open' });
});
