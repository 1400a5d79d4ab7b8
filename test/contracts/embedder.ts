import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Embedder } from '../../src/search/embedding/embedder.ts';

type OpenEmbedder = () => Promise<{ readonly embedder: Embedder; readonly close: () => Promise<void> }>;

export const cosine = (a: Float32Array, b: Float32Array) => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** What every embedder must do. */
export function embedderContract(open: OpenEmbedder): void {
  let own: Awaited<ReturnType<OpenEmbedder>>;
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
    expect(name).toMatch(/^[a-z][a-z-]*$/);
    expect(model).toMatch(/^[\w.:-]+$/);
    expect(cosines.low).toBeLessThan(cosines.high);
  });
}
