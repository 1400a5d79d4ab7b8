import { salesMonths } from './calendar.ts';
import { drawShoppers, type Shoppers } from './customers.ts';
import { drawStock } from './inventory.ts';
import { drawLines, type LineColumns } from './lines.ts';
import type { SampleDataOptions } from './options.ts';
import { drawOrders, type PlacedOrders } from './orders.ts';
import type { ReferenceData } from './reference-data.ts';

/** Arrays by column: the row at index i has the id i + 1. The full data set takes about 10 MB so. */
export interface SampleData {
  readonly options: SampleDataOptions;
  readonly reference: ReferenceData;
  /** `createdSeconds` counts from 2020-01-01T00:00:00. */
  readonly customers: Shoppers & { readonly createdSeconds: Uint32Array };
  /** By store, then product. */
  readonly stockLevels: Uint32Array;
  readonly orders: PlacedOrders & { readonly totalCents: Uint32Array };
  readonly lines: LineColumns;
}

/** The rows that belong to a scale, seed and end date. Depends on nothing else: no clock, no locale, no database. */
export function generateSampleData(reference: ReferenceData, options: SampleDataOptions): SampleData {
  const months = salesMonths(options.endDate);
  const shoppers = drawShoppers(reference, options);
  const { orders, createdSeconds } = drawOrders(reference, options, months, shoppers.shoppingStore);
  const { lines, orderTotalCents } = drawLines(reference, options, months, orders);
  return {
    options,
    reference,
    customers: { ...shoppers, createdSeconds },
    stockLevels: drawStock(reference, options),
    orders: { ...orders, totalCents: orderTotalCents },
    lines,
  };
}
