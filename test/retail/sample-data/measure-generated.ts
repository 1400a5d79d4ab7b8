import { dateTexts } from '../../../src/retail/sample-data/calendar.ts';
import type { SampleData } from '../../../src/retail/sample-data/generate.ts';
import { sampleTables } from '../../../src/retail/sample-data/rows.ts';
import type { SalesStatistics } from '../../../src/retail/sample-data/statistics.ts';

/** What `measureSales` would find in a database with this data. */
export function measureGenerated(data: SampleData): SalesStatistics {
  const { stores, categories, products } = data.reference;
  const dates = dateTexts(data.options.endDate);
  const years = dates.map((date) => Number(date.slice(0, 4)));
  const months = dates.map((date) => Number(date.slice(5, 7)) - 1);
  const ordersByStore = stores.map(() => 0);
  const ordersByYear = new Map<number, number>();
  for (const store of data.orders.store) ordersByStore[store]! += 1;
  for (const day of data.orders.day) ordersByYear.set(years[day]!, (ordersByYear.get(years[day]!) ?? 0) + 1);
  const linesByCategoryMonth = categories.map(() => new Array<number>(12).fill(0));
  for (const [line, order] of data.lines.order.entries()) {
    const category = products[data.lines.product[line]!]!.categoryId - 1;
    linesByCategoryMonth[category]![months[data.orders.day[order]!]!]! += 1;
  }
  return {
    rows: Object.fromEntries(sampleTables(data).map(({ name, count }) => [name, count])),
    ordersByStore,
    ordersByYear,
    firstOrder: dates[data.orders.day[0]!]!,
    lastOrder: dates[data.orders.day.at(-1)!]!,
    linesByCategoryMonth,
  };
}
