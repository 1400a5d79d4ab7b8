import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createAzureOpenAIEmbedder } from '../../../src/search/embedding/azure-openai-embedder.ts';
import { type TestDatabase, tiers } from '../../support/databases.ts';
import { type ProductStack, productStack } from '../../support/edge-stack.ts';
import { embeddingService } from '../../support/embedding-service.ts';
import { testIssuer } from '../../support/people.ts';

describe('The health of a server', () => {
  let db: TestDatabase;
  let issuer: Awaited<ReturnType<typeof testIssuer>>;
  let service: Awaited<ReturnType<typeof embeddingService>>;
  const running: ProductStack[] = [];
  beforeAll(async () => {
    [db, issuer, service] = await Promise.all([tiers[0]!.open(), testIssuer(), embeddingService()]);
  });
  afterAll(async () => {
    for (const product of running) await product.close();
    await service?.close();
    await db?.close();
  });

  /** One that has not been asked yet: a result serves all who ask for five seconds. */
  async function product(withEmbedder = false): Promise<ProductStack> {
    const embedder = createAzureOpenAIEmbedder({
      ...{ endpoint: service.url, deployment: 'text-embedding-3-small', apiVersion: '2024-02-01' },
      ...{ credential: { apiKey: 'k' }, clock: systemClock },
    });
    const stack = await productStack({ db, trusted: issuer.trusted, ...(withEmbedder && { embedder }) });
    running.push(stack);
    return stack;
  }
  const statusOf = async (stack: ProductStack, path: string) => {
    const response = await fetch(`${stack.url}${path}`);
    return [response.status, ((await response.json()) as { status: string }).status];
  };
  const detailed = async (stack: ProductStack) => {
    const headers = { Authorization: `Bearer ${await issuer.tokenOf('operator')}` };
    // biome-ignore lint/suspicious/noExplicitAny: a report is looked into
    return (await (await fetch(`${stack.url}/health/detailed`, { headers })).json()) as any;
  };

  test('products without a vector of the model in use degrade it, and it goes on answering', async () => {
    const stack = await product(true);
    expect(await statusOf(stack, '/health')).toEqual([200, 'degraded']);
    const report = await detailed(stack);
    expect(report.failed_components).toEqual(['application']);
    expect(report.components.application.details.embeddings).toEqual({ stored: 0, wanted: expect.any(Number) });
    expect(report.components.application.reasons).toEqual([expect.stringMatching(/^\d{3} products have no vector/)]);
  });

  test('an embedder that has gone degrades it: 200, since every other tool works', async () => {
    await service.kill();
    const stack = await product(true);
    expect(await statusOf(stack, '/health')).toEqual([200, 'degraded']);
    expect(await statusOf(stack, '/health/ready')).toEqual([200, 'ready']);
    expect((await detailed(stack)).failed_components).toContain('ai_service');
    expect(stack.observations).toContainEqual(
      expect.objectContaining({ kind: 'health_changed', component: 'ai_service', from: 'healthy', to: 'degraded' }),
    );
    await service.comeBack();
  });

  test('a database that has gone makes it unhealthy: 503, not ready, and still alive', async () => {
    const stack = await product();
    await db.database.close();
    expect(await statusOf(stack, '/health')).toEqual([503, 'unhealthy']);
    expect((await statusOf(stack, '/health/ready'))[0]).toBe(503);
    expect(await statusOf(stack, '/health/live')).toEqual([200, 'alive']);
    expect(stack.observations).toContainEqual(
      expect.objectContaining({ component: 'database', to: 'unhealthy', reason: 'the database does not answer' }),
    );
    // Whether a token was revoked cannot be found out, so nobody is let in.
    expect(await detailed(stack)).toMatchObject({ code: 'dependency_unavailable' });
  });
});
