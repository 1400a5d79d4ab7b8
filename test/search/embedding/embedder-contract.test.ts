import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createAzureOpenAIEmbedder } from '../../../src/search/embedding/azure-openai-embedder.ts';
import type { Embedder } from '../../../src/search/embedding/embedder.ts';
import { createLocalEmbedder } from '../../../src/search/embedding/local-embedder.ts';
import { cosine, embedderContract } from '../../contracts/embedder.ts';
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

describe.each(adapters)('an embedder: %s', (_name, open) => embedderContract(open));

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
