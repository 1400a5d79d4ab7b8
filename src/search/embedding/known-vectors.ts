import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Vectors that were computed before, by the hash of model and text. */
export interface KnownVectors {
  readonly model: string;
  get(hash: string): Float32Array | undefined;
}

const head = z.object({ model: z.string(), dimensions: z.int().positive(), hashes: z.array(z.string()) });

/**
 * A line of JSON, then the vectors as little-endian float32, in the order of the hashes. The demonstration catalogue's come with
 * the package, so that its first start needs no model: `tools/product-vectors.mjs` makes the file, a test computes some of it anew.
 */
export async function loadKnownVectors(file: URL): Promise<KnownVectors> {
  const bytes = await readFile(file);
  const end = bytes.indexOf(10);
  const { model, dimensions, hashes } = head.parse(JSON.parse(bytes.subarray(0, end).toString()));
  const numbers = new DataView(bytes.buffer, bytes.byteOffset + end + 1);
  if (numbers.byteLength !== hashes.length * dimensions * 4) throw new Error(`${file.pathname} is cut off or altered`);
  const places = new Map(hashes.map((hash, place) => [hash, place]));
  return {
    model,
    get(hash) {
      const place = places.get(hash);
      if (place === undefined) return undefined;
      return Float32Array.from({ length: dimensions }, (_, index) => numbers.getFloat32((place * dimensions + index) * 4, true));
    },
  };
}
