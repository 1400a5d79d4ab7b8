import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createAzureOpenAIEmbedder } from '../../../src/search/embedding/azure-openai-embedder.ts';
import type { Embedder } from '../../../src/search/embedding/embedder.ts';
import { createLocalEmbedder } from '../../../src/search/embedding/local-embedder.ts';
import { embeddingService } from '../../support/embedding-service.ts';

const adapters: [string, () => Promise<{ embedder: Embedder; close: () => Promise<void> }>][] = [
  [
    'the local model',
    async () => {
      const embedder = createLocalEmbedder();
      return { embedder, close: () => embedder.close() };
    },
  ],
  [
    'Azure OpenAI (a stand-in of its endpoint)',
    async () => {
      const service = await embeddingService();
      const embedder = createAzureOpenAIEmbedder({
        endpoint: service.url,
        deployment: 'text-embedding-3-small',
        apiVersion: '2024-02-01',
        credential: { apiKey: 'a key' },
        clock: systemClock,
      });
      return { embedder, close: () => service.close() };
    },
  ],
];

const cosine = (a: Float32Array, b: Float32Array) => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe.each(adapters)('an embedder: %s', (_name, open) => {
  let own: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    own = await open();
  }, 60_000);
  afterAll(() => own.close());

  test('gives one vector a text, in order, of the promised length, none of them zero', async () => {
    const { embedder } = own;
    const texts = Array.from({ length: embedder.batchSize + 3 }, (_, index) => `text number ${index}`);
    const vectors = await embedder.embed(texts);
    expect(vectors).toHaveLength(texts.length);
    for (const vector of vectors) {
      expect(vector).toHaveLength(embedder.dimensions);
      expect(vector.some((value) => value !== 0)).toBe(true);
    }
    const [alone] = await embedder.embed([texts[5] ?? '']);
    expect(cosine(alone as Float32Array, vectors[5] as Float32Array)).toBeGreaterThan(0.999);
    expect(cosine(alone as Float32Array, vectors[6] as Float32Array)).toBeLessThan(0.999);
  }, 60_000);

  test('takes whatever text comes', async () => {
    const odd = ['', ' ', '\u0000\u0007', '\ud800', '😀'.repeat(100), 'x'.repeat(20_000), '%'.repeat(500)];
    expect(await own.embedder.embed(odd)).toHaveLength(odd.length);
    expect(await own.embedder.embed([])).toEqual([]);
  }, 60_000);

  test('stops for a caller who has gone', async () => {
    await expect(own.embedder.embed(['a'], { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  });

  test('names itself as the database and an answer want it', () => {
    const { name, model, cosines } = own.embedder;
    expect(['local', 'azure']).toContain(name);
    expect(model).toMatch(/^[\w.:-]+$/);
    expect(cosines.low).toBeLessThan(cosines.high);
  });
});

describe('the local model', () => {
  test('knows what is alike', async () => {
    const embedder = createLocalEmbedder();
    const [faucet, tap, tax] = await embedder.embed(['replace a leaking faucet', 'fix a dripping tap', 'annual tax return']);
    expect(cosine(faucet as Float32Array, tap as Float32Array)).toBeGreaterThan(
      cosine(faucet as Float32Array, tax as Float32Array),
    );
    await embedder.close();
    // A thread that ended is started anew.
    expect(await embedder.embed(['again'])).toHaveLength(1);
    await embedder.close();
  }, 60_000);

  test('leaves the event loop to others while it computes', async () => {
    const embedder = createLocalEmbedder();
    await embedder.embed(['warm']);
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 1);
    await embedder.embed(Array.from({ length: 8 }, (_, index) => `a sentence with a number, ${index}`));
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(3);
    await embedder.close();
  }, 60_000);

  test('what takes too long is told as such', async () => {
    const embedder = createLocalEmbedder();
    await expect(embedder.embed(['a'], { timeoutMs: 0 })).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await embedder.close();
  });
});
