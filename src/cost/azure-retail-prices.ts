import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { PriceList, RetailMeter } from './price-list.ts';

export interface RetailPricesOptions {
  /** Of the API, for tests another one. */
  readonly url?: string;
  readonly fetch?: typeof globalThis.fetch;
  /** One page. */
  readonly timeoutMs?: number;
  readonly mostPages?: number;
}

const publicApi = 'https://prices.azure.com/api/retail/prices';

const page = z.object({
  BillingCurrency: z.string(),
  Items: z.array(
    z.object({
      type: z.string(),
      retailPrice: z.number().nonnegative(),
      tierMinimumUnits: z.number(),
      unitOfMeasure: z.string(),
      skuName: z.string().default(''),
      productName: z.string().default(''),
    }),
  ),
  NextPageLink: z.string().nullish(),
});
type Item = z.output<typeof page>['Items'][number];

export interface RefreshedPrices {
  readonly prices: PriceList;
  /** Names of those that the API gave. */
  readonly confirmed: readonly string[];
  /** Those that it did not give, or gave several of: they stay as they were. */
  readonly kept: readonly { readonly name: string; readonly why: string }[];
}

/**
 * List prices of today from the public Azure Retail Prices API, which asks for no login.
 * https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices
 */
export function createRetailPrices(options: RetailPricesOptions = {}) {
  const { url = publicApi, fetch = globalThis.fetch, timeoutMs = 15_000, mostPages = 20 } = options;

  const readPage = async (address: URL, signal: AbortSignal | undefined) => {
    const limits = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
    try {
      const response = await fetch(address, { signal: AbortSignal.any(limits), redirect: 'error' });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return page.parse(await response.json());
    } catch (cause) {
      signal?.throwIfAborted();
      throw new AppError('dependency_unavailable', `No prices are to be had from ${new URL(url).host}`, {
        hint: 'Try again later; until then the prices of the date shown hold.',
        cause,
      });
    }
  };
  /** Every item of the filter, page by page. A link to another place is not followed. */
  const read = async (filter: Readonly<Record<string, string>>, currency: string, signal?: AbortSignal): Promise<Item[]> => {
    const first = new URL(url);
    first.searchParams.set('currencyCode', `'${currency}'`);
    first.searchParams.set(
      '$filter',
      Object.entries(filter)
        .map(([name, value]) => `${name} eq '${value.replaceAll("'", "''")}'`)
        .join(' and '),
    );
    const items: Item[] = [];
    let next: URL | undefined = first;
    for (let pages = 0; next !== undefined; pages += 1) {
      if (pages === mostPages) throw new AppError('dependency_unavailable', `The price list of ${first.host} has no end`);
      const { BillingCurrency, Items, NextPageLink } = await readPage(next, signal);
      if (BillingCurrency !== currency)
        throw new AppError(
          'dependency_unavailable',
          `${first.host} answered in ${BillingCurrency.slice(0, 10)}, not in ${currency}`,
        );
      items.push(...Items);
      next = NextPageLink ? new URL(NextPageLink, first) : undefined;
      if (next !== undefined && next.origin !== first.origin)
        throw new AppError('dependency_unavailable', `The price list of ${first.host} goes on at ${next.host}: not followed`);
    }
    return items;
  };

  return {
    read,
    /** The same list with today's prices, dated. */
    async refresh(list: PriceList, today: string, signal?: AbortSignal): Promise<RefreshedPrices> {
      const confirmed: string[] = [];
      const kept: { name: string; why: string }[] = [];
      const ask = async (name: string, meter: RetailMeter | undefined): Promise<number | undefined> => {
        if (meter === undefined) {
          kept.push({ name, why: 'its meter is not known' });
          return undefined;
        }
        const items = await read(
          { ...meter.filter, armRegionName: list.region, priceType: 'Consumption' },
          list.currency,
          signal,
        );
        const found = priceIn(items, meter);
        if (typeof found === 'number') confirmed.push(name);
        else kept.push({ name, why: found });
        return typeof found === 'number' ? found : undefined;
      };
      const prices = { ...list.prices };
      for (const [name, known] of Object.entries(list.prices) as [keyof typeof prices, (typeof prices)[keyof typeof prices]][])
        prices[name] = { ...known, price: (await ask(name, known.retail)) ?? known.price };
      const skus = { ...list.postgres_skus };
      for (const [name, known] of Object.entries(list.postgres_skus))
        skus[name] = { ...known, vcore_hour: (await ask(name, known.retail)) ?? known.vcore_hour };
      const status =
        kept.length === 0
          ? 'list prices of the Azure Retail Prices API'
          : `list prices of the Azure Retail Prices API; of an earlier date and to be confirmed: ${kept.map(({ name }) => name).join(', ')}`;
      return { prices: { ...list, date: today, status, prices, postgres_skus: skus }, confirmed, kept };
    },
  };
}

/** The first tier that costs something: what is free is in the list itself. Two prices for one meter are none. */
function priceIn(items: readonly Item[], { unit, per }: RetailMeter): number | string {
  const fitting = items.filter(
    ({ type, unitOfMeasure, skuName, productName }) =>
      type === 'Consumption' && unitOfMeasure === unit && !/\b(spot|low priority)\b/i.test(`${skuName} ${productName}`),
  );
  const paid = fitting.filter(({ retailPrice }) => retailPrice > 0);
  if (paid.length === 0) return 'the API has no such price';
  const lowest = Math.min(...paid.map(({ tierMinimumUnits }) => tierMinimumUnits));
  const prices = [
    ...new Set(paid.filter(({ tierMinimumUnits }) => tierMinimumUnits === lowest).map(({ retailPrice }) => retailPrice)),
  ];
  return prices.length === 1 ? (prices[0] as number) / per : `the API has ${prices.length} prices for it`;
}
