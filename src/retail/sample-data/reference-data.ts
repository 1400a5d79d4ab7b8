import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { packageRoot } from '../../core/package-root.ts';
import { quotient } from './random.ts';

export interface Region {
  readonly id: number;
  readonly name: string;
}

/** Decimal weights are kept as integers, so that draws never round. */
export interface Store {
  readonly id: number;
  readonly name: string;
  readonly tenantKey: string;
  readonly regionId: number;
  readonly online: boolean;
  readonly customerWeight: number;
  /** Orders per base order, in tenths. */
  readonly frequencyTenths: number;
  /** Quantity multiplier, in hundredths. */
  readonly valueHundredths: number;
}

export interface Category {
  readonly id: number;
  readonly name: string;
  /** Twelve factors in tenths, January first. */
  readonly seasonTenths: readonly number[];
  readonly seasonSum: number;
}

export interface ProductType {
  readonly id: number;
  readonly categoryId: number;
  readonly name: string;
}

export interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly categoryId: number;
  readonly typeId: number;
  readonly costCents: number;
  readonly basePriceCents: number;
}

export interface ReferenceData {
  readonly regions: readonly Region[];
  readonly stores: readonly Store[];
  readonly categories: readonly Category[];
  readonly types: readonly ProductType[];
  readonly products: readonly Product[];
  /** Relative volume of each year, in thousandths. */
  readonly yearWeights: Readonly<Record<number, number>>;
}

const REGIONS: readonly { name: string; stores: readonly string[] }[] = [
  { name: 'Puget Sound', stores: ['Seattle', 'Bellevue', 'Kirkland', 'Redmond'] },
  { name: 'South Sound', stores: ['Tacoma'] },
  { name: 'North Sound', stores: ['Everett'] },
  { name: 'Inland Northwest', stores: ['Spokane'] },
  { name: 'Online', stores: ['Online'] },
];
export const referenceCounts = { regions: 5, stores: 8, categories: 9, types: 88, products: 419 } as const;

/** A decimal of the files as an integer of 1/scale; a digit that does not fit is an error, never rounded away. */
const scaled = (scale: number) =>
  z
    .number()
    .positive()
    .transform((value, context) => {
      const whole = Math.round(value * scale);
      if (Math.abs(value * scale - whole) > 1e-6) context.addIssue(`${value} has more decimals than 1/${scale} holds`);
      return whole;
    });

const storesFile = z.object({
  stores: z.record(
    z.string(),
    z.object({
      // RFC 9562 is not asked for: two of the real ids carry other version or variant digits.
      rls_user_id: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      customer_distribution_weight: z.int().positive(),
      order_frequency_multiplier: scaled(10),
      order_value_multiplier: scaled(100),
    }),
  ),
  year_weights: z.record(z.string().regex(/^\d{4}$/), scaled(1000)),
});
const seasonsFile = z.record(z.string(), z.array(scaled(10)).length(12));
const productsFile = z.array(
  z.object({
    name: z.string().min(1),
    sku: z.string().min(1).max(10),
    price: scaled(100),
    description: z.string().min(1),
    categories: z.tuple([z.string(), z.string()]),
  }),
);

const DATA_DIRECTORY = new URL('data/', packageRoot);

/** The catalogue and the constants of the sample data, parsed from `data/` and counted. */
export function loadReferenceData(directory: URL = DATA_DIRECTORY): ReferenceData {
  const { stores, year_weights: years } = parseFile(directory, 'reference_data.json', storesFile);
  const seasons = parseFile(directory, 'seasonal_multipliers.json', seasonsFile);
  const reference: ReferenceData = {
    regions: REGIONS.map(({ name }, index) => ({ id: index + 1, name })),
    stores: Object.entries(stores).map(([name, store], index) => ({
      id: index + 1,
      name,
      tenantKey: store.rls_user_id,
      regionId: regionOf(name),
      online: name.endsWith(' Online'),
      customerWeight: store.customer_distribution_weight,
      frequencyTenths: store.order_frequency_multiplier,
      valueHundredths: store.order_value_multiplier,
    })),
    categories: Object.entries(seasons).map(([name, seasonTenths], index) => ({
      id: index + 1,
      name,
      seasonTenths,
      seasonSum: seasonTenths.reduce((sum, factor) => sum + factor, 0),
    })),
    ...catalogue(parseFile(directory, 'product_data_flat.json', productsFile), Object.keys(seasons)),
    yearWeights: years,
  };
  for (const [name, expected] of Object.entries(referenceCounts)) {
    const found = reference[name as keyof typeof referenceCounts].length;
    if (found !== expected) throw invalidFile(`the reference data has ${found} ${name}, not ${expected}`);
  }
  return reference;
}

/** Retail price of a wholesale cost: cost / 0.67, rounded half up; all in cents. */
export function basePriceCents(costCents: number): number {
  return quotient(200 * costCents + 67, 134);
}

/** Types and products are numbered by first appearance. */
function catalogue(
  rows: z.output<typeof productsFile>,
  categoryNames: readonly string[],
): Pick<ReferenceData, 'types' | 'products'> {
  const types = new Map<string, ProductType>();
  const products = rows.map((row, index) => {
    const [categoryName, typeName] = row.categories;
    const categoryId = categoryNames.indexOf(categoryName) + 1;
    if (categoryId === 0) throw invalidFile(`product ${row.sku} is in category '${categoryName}', which has no seasons`);
    const key = `${categoryId} ${typeName}`;
    const type = types.get(key) ?? { id: types.size + 1, categoryId, name: typeName };
    types.set(key, type);
    return {
      id: index + 1,
      sku: row.sku,
      name: row.name,
      description: row.description,
      categoryId,
      typeId: type.id,
      costCents: row.price,
      basePriceCents: basePriceCents(row.price),
    };
  });
  return { types: [...types.values()], products };
}

function regionOf(storeName: string): number {
  const index = REGIONS.findIndex((region) => region.stores.some((place) => storeName.endsWith(` ${place}`)));
  if (index < 0) throw invalidFile(`store '${storeName}' has no region`);
  return index + 1;
}

function parseFile<Schema extends z.ZodType>(directory: URL, name: string, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(JSON.parse(readFileSync(new URL(name, directory), 'utf8')));
  if (!parsed.success) throw invalidFile(`data/${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function invalidFile(message: string): AppError {
  return new AppError('misconfigured', message, { hint: 'Restore the files of data/ from the release.' });
}
