import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';

/** Where the Azure Retail Prices API has the price. */
const retail = z.strictObject({
  /** `unitOfMeasure` of the meter. */
  unit: z.string(),
  /** Units of ours in one of that. */
  per: z.number().positive(),
  filter: z.record(z.string(), z.string()),
});
const source = z.url({ protocol: /^https$/ });
const price = z.strictObject({
  unit: z.string(),
  price: z.number().nonnegative(),
  /** Units a month that cost nothing. */
  free: z.number().nonnegative().default(0),
  source,
  retail: retail.optional(),
});

export const priceNames = [
  'container_vcpu_second',
  'container_gib_second',
  'container_million_requests',
  'postgres_storage_gb_month',
  'postgres_backup_gb_month',
  'embedding_million_tokens',
  'telemetry_gb',
  'telemetry_retention_gb_month',
  'blob_gb_month',
  'blob_10000_writes',
  'egress_gb',
] as const;

const priceList = z.strictObject({
  date: z.iso.date(),
  currency: z.string().length(3),
  region: z.string(),
  /** How far the prices can be relied on. */
  status: z.string(),
  prices: z.record(z.enum(priceNames), price),
  postgres_skus: z.record(
    z.string(),
    z.strictObject({
      vcores: z.int().positive(),
      vcore_hour: z.number().nonnegative(),
      source,
      retail: retail.optional(),
    }),
  ),
});

/** Prices of one day in one currency and region. */
export type PriceList = z.output<typeof priceList>;
export type PriceName = (typeof priceNames)[number];
export type RetailMeter = z.output<typeof retail>;

/** The newer one of what the package brings and what was fetched since. */
export async function loadPrices(shipped: URL, fetched: string): Promise<PriceList> {
  const [own, newer] = await Promise.all([
    readFile(shipped, 'utf8'),
    readFile(fetched, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }),
  ]);
  const known = parsePrices(own, shipped.pathname);
  const later = newer === undefined ? undefined : parsePrices(newer, fetched);
  return later !== undefined && later.date >= known.date ? later : known;
}

export function parsePrices(text: string, place: string): PriceList {
  try {
    return priceList.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('misconfigured', `The prices in ${place} cannot be used`, {
      hint: 'Mend the file, or remove it where it was fetched.',
      cause,
    });
  }
}
