/** So much of a process may go to vectors: 4,096 products of the local model's 512 numbers, 1,365 of 1,536. */
export const mostMemoryBytes = 8 * 1024 * 1024;

export interface Near {
  readonly key: string;
  readonly cosine: number;
}

export interface KeyedVector {
  readonly key: string;
  readonly vector: Float32Array;
}

/** The vectors of a small catalogue, compared in this process: the database is spared an answer with every product in it. */
export function createVectorMemory(stored: readonly KeyedVector[]) {
  const unit = new Map(stored.map(({ key, vector }) => [key, unitOf(vector)]));
  return {
    /** By cosine, the nearest first. */
    nearest(vector: Float32Array, among: Iterable<string> = unit.keys()): Near[] {
      const asked = unitOf(vector);
      const near: Near[] = [];
      for (const key of among) {
        const known = unit.get(key);
        if (known !== undefined) near.push({ key, cosine: dot(asked, known) });
      }
      return near.sort((a, b) => b.cosine - a.cosine);
    },
  };
}

export type VectorMemory = ReturnType<typeof createVectorMemory>;

function unitOf(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((number) => number / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}
