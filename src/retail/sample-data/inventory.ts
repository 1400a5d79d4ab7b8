import { at } from './columns.ts';
import type { SampleDataOptions } from './options.ts';
import { createRandomStream, quotient } from './random.ts';
import type { ReferenceData } from './reference-data.ts';

/** Stock levels by store, then product: large stores and categories in season hold more. */
export function drawStock({ stores, categories, products }: ReferenceData, { seed }: SampleDataOptions): Uint32Array {
  const stream = createRandomStream(seed, 'inventory/stock_level');
  const levels = new Uint32Array(stores.length * products.length);
  let row = 0;
  for (const store of stores) {
    for (const product of products) {
      const season = at(categories, product.categoryId - 1).seasonSum;
      const base = stream.between(10, 100);
      // base × weight × mean factor (sum of tenths / 120) × u, u in [0.5, 1.5)
      const level = quotient(base * store.customerWeight * season * stream.between(5_000, 14_999), 120 * 10_000);
      levels[row] = Math.max(1, level);
      row += 1;
    }
  }
  return levels;
}
