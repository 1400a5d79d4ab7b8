import { at } from './columns.ts';
import { createWeightedDraw, type RandomStream } from './random.ts';

/** A discrete distribution: `weights[i]` belongs to `values[i]`. */
export interface Distribution {
  readonly values: readonly number[];
  readonly weights: readonly number[];
}

/** Of a customer; the shopping store's frequency multiplies it. */
export const baseOrders: Distribution = { values: [0, 1, 2, 3, 4, 5], weights: [20, 40, 20, 10, 7, 3] };
export const linesPerOrder: Distribution = { values: [1, 2, 3, 4, 5], weights: [40, 30, 15, 10, 5] };
/** Of a line; the store's value multiplier multiplies it. */
export const quantities: Distribution = { values: [1, 2, 3, 4, 5], weights: [60, 25, 10, 3, 2] };
export const discountPercents = [5, 10, 15, 20, 25] as const;
export const MAX_QUANTITY = 10;

/** Probabilities in percent. */
export const chances = {
  shopsAtPrimaryStore: 80,
  discounted: 15,
  categoryBySeason: 85,
  productOfOrderCategory: 90,
} as const;

/** The asked price is the base price times a factor of this range, in ten-thousandths. */
export const PRICE_FACTOR = { low: 8_000, high: 12_000, unit: 10_000 } as const;

export function createValueDraw({ values, weights }: Distribution): (stream: RandomStream) => number {
  const draw = createWeightedDraw(weights);
  return (stream) => at(values, draw(stream));
}

/** E[f(value)]. */
export function expected({ values, weights }: Distribution, f: (value: number) => number = (value) => value): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce((sum, value, index) => sum + f(value) * at(weights, index), 0) / total;
}
