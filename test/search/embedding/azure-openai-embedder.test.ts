import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import {
  type AzureOpenAIEmbedderOptions,
  createAzureOpenAIEmbedder,
} from '../../../src/search/embedding/azure-openai-embedder.ts';
import { embeddingService, refusal } from '../../support/embedding-service.ts';

let service: Awaited<ReturnType<typeof embeddingService>>;
beforeEach(async () => {
  service = await embeddingService();
});
afterEach(() => service.close());

const embedderOf = (changes: Partial<AzureOpenAIEmbedderOptions> = {}) =>
  createAzureOpenAIEmbedder({
    endpoint: service.url,
    deployment: 'text-embedding-3-small',
    apiVersion: '2024-02-01',
    credential: { apiKey: 'the key' },
    clock: systemClock,
    ...changes,
  });

describe('the Azure OpenAI embedder', () => {
  test('asks the deployment, with the key, by the stated version', async () => {
    await embedderOf().embed(['a claw hammer']);
    const [call] = service.calls;
    expect(call?.path).toBe('/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-02-01');
    expect(call?.headers['api-key']).toBe('the key');
    expect(call?.input).toEqual(['a claw hammer']);
  });

  test('or with a token of its identity, asked for when it is needed', async () => {
    let asked = 0;
    const token = async () => {
      asked += 1;
      return 'a-token';
    };
    const embedder = embedderOf({ credential: { token } });
    expect(asked).toBe(0);
    await embedder.embed(['a']);
    expect(service.calls[0]?.headers.authorization).toBe('Bearer a-token');
    expect(service.calls[0]?.headers['api-key']).toBeUndefined();
  });

  test('sends at most 100 texts a call, and no text of more than 8,000 tokens', async () => {
    await embedderOf().embed([...Array.from({ length: 230 }, (_, index) => `text ${index}`), 'ü'.repeat(9000)]);
    expect(service.calls.map(({ input }) => input.length)).toEqual([100, 100, 31]);
    const longest = service.calls.at(-1)?.input.at(-1) ?? '';
    // A token is at least a byte.
    expect(Buffer.byteLength(longest)).toBeLessThanOrEqual(8000);
    expect(longest.length).toBeGreaterThan(3900);
  });

  test('tries again what was refused for a moment, after the stated wait', async () => {
    service.troubles.push(refusal(429, { 'retry-after-ms': '30' }), refusal(503));
    expect(await embedderOf().embed(['a'])).toHaveLength(1);
    expect(service.calls).toHaveLength(3);
  });

  test.each([
    [401, 'misconfigured', 'AZURE_OPENAI_API_KEY'],
    [404, 'misconfigured', 'EMBEDDING_MODEL_DEPLOYMENT_NAME'],
  ])('does not repeat an HTTP %i, and says what to check', async (status, code, hint) => {
    service.troubles.push(refusal(status));
    const failing = embedderOf().embed(['a']);
    await expect(failing).rejects.toMatchObject({ code, hint: expect.stringContaining(hint) });
    expect(service.calls).toHaveLength(1);
  });

  test('never tells the key, nor what was asked', async () => {
    service.troubles.push(refusal(401));
    const error = await embedderOf()
      .embed(['a private text'])
      .catch((reason: unknown) => reason);
    const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause);
    expect(told).not.toMatch(/the key|private text/);
  });

  test('a retry that would come after the caller has gone is not made', async () => {
    service.troubles.push(refusal(429, { 'retry-after': '60' }));
    await expect(embedderOf().embed(['a'], { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 60_000,
    });
    service.troubles.push(refusal(429, { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }));
    await expect(embedderOf().embed(['a'], { timeoutMs: 500 })).rejects.toMatchObject({ code: 'rate_limited' });
  });

  test('after five failures it is left alone, and is asked again when it has rested', async () => {
    const embedder = embedderOf({ restMs: 50 });
    await service.kill();
    for (let failures = 0; failures < 2; failures += 1)
      await expect(embedder.embed(['a'], { timeoutMs: 3000 })).rejects.toThrow();
    await expect(embedder.embed(['a'])).rejects.toMatchObject({ code: 'circuit_open' });
    await service.comeBack();
    await expect
      .poll(() =>
        embedder.embed(['a']).then(
          (vectors) => vectors.length,
          () => 0,
        ),
      )
      .toBe(1);
  });

  test('keeps to the requests and the tokens of a minute', async () => {
    const few = embedderOf({ requestsPerMinute: 2 });
    await few.embed(['a']);
    await few.embed(['b']);
    await expect(few.embed(['c'], { timeoutMs: 100 })).rejects.toMatchObject({ code: 'rate_limited' });
    const short = embedderOf({ tokensPerMinute: 10 });
    await short.embed(['123456789 123456789 123']);
    await expect(short.embed(['123456789 123456789'], { timeoutMs: 100 })).rejects.toMatchObject({ code: 'rate_limited' });
    expect(service.calls).toHaveLength(3);
  });

  test('another model than the promised one is not taken for it', async () => {
    await service.close();
    service = await embeddingService({ dimensions: 512 });
    await expect(embedderOf().embed(['a'], { timeoutMs: 5000 })).rejects.toThrow(/1536 numbers/);
  });
});
