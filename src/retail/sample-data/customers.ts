import { chances } from './draws.ts';
import { firstNames, lastNames } from './names.ts';
import type { SampleDataOptions } from './options.ts';
import { createRandomStream, createWeightedDraw } from './random.ts';
import type { ReferenceData } from './reference-data.ts';

export interface Shoppers {
  readonly firstName: Uint16Array;
  readonly lastName: Uint16Array;
  /** Area code × 100 + the last two digits. */
  readonly phone: Uint32Array;
  /** Index into the reference stores. */
  readonly primaryStore: Uint8Array;
  /** Where all of the customer's orders go. */
  readonly shoppingStore: Uint8Array;
}

export function drawShoppers({ stores }: ReferenceData, { scale, seed }: SampleDataOptions): Shoppers {
  const stream = (label: string) => createRandomStream(seed, `customer/${label}`);
  const drawStore = createWeightedDraw(stores.map((store) => store.customerWeight));
  const [first, last, phone] = [stream('first_name'), stream('last_name'), stream('phone')];
  const [primary, shopping] = [stream('primary_store'), stream('shopping_store')];

  const primaryStore = Uint8Array.from({ length: scale }, () => drawStore(primary));
  return {
    firstName: Uint16Array.from({ length: scale }, () => first.below(firstNames.length)),
    lastName: Uint16Array.from({ length: scale }, () => last.below(lastNames.length)),
    phone: Uint32Array.from({ length: scale }, () => phone.between(200_00, 999_99)),
    primaryStore,
    // Both draws share one distribution, so that the stores' volumes equal their weights.
    shoppingStore: primaryStore.map((store) => (shopping.below(100) < chances.shopsAtPrimaryStore ? store : drawStore(shopping))),
  };
}
