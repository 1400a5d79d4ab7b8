import type { SalesMonth } from './calendar.ts';
import { at } from './columns.ts';
import { chances, createValueDraw, discountPercents, linesPerOrder, MAX_QUANTITY, PRICE_FACTOR, quantities } from './draws.ts';
import type { SampleDataOptions } from './options.ts';
import type { PlacedOrders } from './orders.ts';
import { createRandomStream, createWeightedDraw, quotient } from './random.ts';
import type { ReferenceData } from './reference-data.ts';

/** In the order of their orders. Money is in cents. */
export interface LineColumns {
  /** Order index, from 0. */
  readonly order: Uint32Array;
  /** Product index, from 0. */
  readonly product: Uint16Array;
  readonly quantity: Uint8Array;
  readonly unitCents: Uint32Array;
  readonly discountPercent: Uint8Array;
  readonly discountCents: Uint32Array;
}

export function drawLines(
  reference: ReferenceData,
  { seed }: SampleDataOptions,
  months: readonly SalesMonth[],
  orders: PlacedOrders,
): { lines: LineColumns; orderTotalCents: Uint32Array } {
  const counts = drawLineCounts(seed, orders.day.length);
  const drawCategory = createCategoryDraw(reference, seed, months);
  const drawProduct = createProductDraw(reference, seed);
  const drawQuantity = createQuantityDraw(reference, seed);
  const drawPrice = createPriceDraw(reference, seed);
  const drawPercent = createDiscountDraw(seed);

  const lines = emptyLines(counts.reduce((sum, count) => sum + count, 0));
  const orderTotalCents = new Uint32Array(counts.length);
  let row = 0;
  for (const [order, count] of counts.entries()) {
    const category = drawCategory(at(orders.day, order));
    let totalCents = 0;
    for (const end = row + count; row < end; row += 1) {
      const product = drawProduct(category);
      const quantity = drawQuantity(at(orders.store, order));
      const unitCents = drawPrice(product);
      const percent = drawPercent();
      const discountCents = discountOf(unitCents * quantity, percent);
      lines.order[row] = order;
      lines.product[row] = product;
      lines.quantity[row] = quantity;
      lines.unitCents[row] = unitCents;
      lines.discountPercent[row] = percent;
      lines.discountCents[row] = discountCents;
      totalCents += unitCents * quantity - discountCents;
    }
    orderTotalCents[order] = totalCents;
  }
  return { lines, orderTotalCents };
}

/** Asked price of a base price and a factor in ten-thousandths, rounded half up to whole cents. */
export function askedPrice(baseCents: number, factor: number): number {
  return quotient(baseCents * factor + PRICE_FACTOR.unit / 2, PRICE_FACTOR.unit);
}

/** Rounded half up to whole cents. */
export function discountOf(cents: number, percent: number): number {
  return quotient(cents * percent + 50, 100);
}

function drawLineCounts(seed: number, orders: number): Uint8Array {
  const stream = createRandomStream(seed, 'order/lines');
  const draw = createValueDraw(linesPerOrder);
  return Uint8Array.from({ length: orders }, () => draw(stream));
}

/** Category index of an order placed on a day: mostly by the month's factors. */
function createCategoryDraw({ categories }: ReferenceData, seed: number, months: readonly SalesMonth[]): (day: number) => number {
  const stream = createRandomStream(seed, 'order/category');
  const draws = Array.from({ length: 12 }, (_, month) =>
    createWeightedDraw(categories.map((category) => at(category.seasonTenths, month))),
  );
  const monthOfDay = months.flatMap(({ month, daysInRange }) => Array.from({ length: daysInRange }, () => month));
  return (day) => {
    const seasonal = stream.below(100) < chances.categoryBySeason;
    return seasonal ? at(draws, at(monthOfDay, day))(stream) : stream.below(categories.length);
  };
}

/** Product index of a line: mostly of the order's category. */
function createProductDraw({ categories, products }: ReferenceData, seed: number): (category: number) => number {
  const stream = createRandomStream(seed, 'line/product');
  const ofCategory = categories.map(({ id }) => products.flatMap((product, index) => (product.categoryId === id ? [index] : [])));
  return (category) => {
    if (stream.below(100) >= chances.productOfOrderCategory) return stream.below(products.length);
    const own = at(ofCategory, category);
    return at(own, stream.below(own.length));
  };
}

/** Quantity × the store's value multiplier, its fraction resolved by a draw: 1.3 is 1 in seven of ten cases and else 2. */
function createQuantityDraw({ stores }: ReferenceData, seed: number): (store: number) => number {
  const stream = createRandomStream(seed, 'line/quantity');
  const draw = createValueDraw(quantities);
  return (store) => {
    const hundredths = draw(stream) * at(stores, store).valueHundredths;
    const roundUp = stream.below(100) < hundredths % 100 ? 1 : 0;
    return Math.min(MAX_QUANTITY, Math.max(1, quotient(hundredths, 100) + roundUp));
  };
}

function createPriceDraw({ products }: ReferenceData, seed: number): (product: number) => number {
  const stream = createRandomStream(seed, 'line/unit_price');
  return (product) => askedPrice(at(products, product).basePriceCents, stream.between(PRICE_FACTOR.low, PRICE_FACTOR.high));
}

function createDiscountDraw(seed: number): () => number {
  const stream = createRandomStream(seed, 'line/discount');
  return () => (stream.below(100) < chances.discounted ? at(discountPercents, stream.below(discountPercents.length)) : 0);
}

function emptyLines(count: number): LineColumns {
  return {
    order: new Uint32Array(count),
    product: new Uint16Array(count),
    quantity: new Uint8Array(count),
    unitCents: new Uint32Array(count),
    discountPercent: new Uint8Array(count),
    discountCents: new Uint32Array(count),
  };
}
