import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectationOf, openEmbedder } from '../../src/app/embedding.ts';
import { startSearchUpkeep } from '../../src/app/search-upkeep.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { verifySampleData } from '../../src/retail/sample-data/verify.ts';
import { embeddedTier, type TestDatabase } from '../support/databases.ts';
import { embeddingService } from '../support/embedding-service.ts';
import { modelLess } from '../support/product-vectors.ts';

const open = (env: Record<string, string>) => openEmbedder(loadConfig({ serving: 'nothing' }, env), systemClock);

describe('EMBEDDER', () => {
  test('none is none, and the model of the package is the default', async () => {
    expect(await open({ EMBEDDER: 'none' })).toBeUndefined();
    expect(await open({})).toMatchObject({ name: 'local', dimensions: 512 });
  });

  test('azure needs its endpoint', async () => {
    await expect(open({ EMBEDDER: 'azure' })).rejects.toMatchObject({
      code: 'misconfigured',
      hint: expect.stringContaining('local'),
    });
  });

  test('azure is asked with the key that is set', async () => {
    const service = await embeddingService();
    const embedder = await open({ EMBEDDER: 'azure', AZURE_OPENAI_ENDPOINT: service.url, AZURE_OPENAI_API_KEY: 'the key' });
    expect(embedder).toMatchObject({ name: 'azure', model: 'text-embedding-3-small', dimensions: 1536 });
    await embedder?.embed(['a']);
    expect(service.calls[0]?.headers['api-key']).toBe('the key');
    await service.close();
  });
});

describe('upkeep of search after the start', () => {
  let own: TestDatabase;
  beforeAll(async () => {
    own = await embeddedTier.open();
  });
  afterAll(() => own.close());

  test('gives the embedded database its vectors, keeps them for copies, and warms up', async () => {
    const steps: string[] = [];
    const embedder = modelLess();
    const upkeep = startSearchUpkeep({
      served: retailSchema,
      opened: {
        session: () => own.owner,
        keepTemplate: async () => {
          steps.push('kept');
        },
      },
      embedder,
      warmUp: async () => {
        steps.push('warm');
      },
      note: () => {},
      delayMs: 0,
    });
    await expect.poll(() => steps, { timeout: 15_000 }).toEqual(['kept', 'warm']);
    await upkeep.close();
    const { checks } = await verifySampleData({
      session: own.owner,
      options: { scale: 200 },
      embeddings: expectationOf(embedder),
    });
    expect(checks.at(-1)).toEqual({ name: 'embeddings', passed: true, detail: '419 vectors of universal-sentence-encoder-lite' });
  });

  test('a failure is noted, and a stop is none', async () => {
    const noted: Observation[] = [];
    const failing = { served: retailSchema, opened: { session: () => own.owner }, embedder: { ...modelLess(), model: 'other' } };
    const upkeep = startSearchUpkeep({ ...failing, warmUp: async () => {}, note: (one) => noted.push(one), delayMs: 0 });
    await expect.poll(() => noted.length, { timeout: 15_000 }).toBe(1);
    expect(noted[0]).toMatchObject({ kind: 'fault_met', where: 'product vectors' });
    await upkeep.close();
    const stopped = startSearchUpkeep({ ...failing, warmUp: async () => {}, note: (one) => noted.push(one) });
    await stopped.close();
    expect(noted).toHaveLength(1);
  });
});
