import { AppError } from '../core/errors.ts';
import { type InputName, type Inputs, inputMeanings } from './inputs.ts';
import type { PriceList, PriceName } from './price-list.ts';

/** What a month costs, as far as it is known what is used. Money in the currency of the prices. */
export interface Estimate {
  readonly currency: string;
  readonly price_date: string;
  readonly price_status: string;
  readonly region: string;
  readonly inputs: Inputs;
  readonly lines: readonly CostLine[];
  /** What could not be priced: the total is without it. */
  readonly missing: readonly MissingUsage[];
  /** False while something is missing: then the month costs at least the total. */
  readonly complete: boolean;
  readonly total: number;
}

export interface CostLine {
  readonly service: string;
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  readonly free: number;
  readonly unit_price: number;
  readonly cost: number;
  /** Inputs that the quantity follows from. */
  readonly from: readonly InputName[];
}

export interface MissingUsage {
  readonly service: string;
  readonly item: string;
  readonly inputs: readonly { readonly name: InputName; readonly meaning: string }[];
}

const hours = 730;
const seconds = hours * 3600;

type Values = Record<Exclude<InputName, 'postgres_sku'>, number>;
interface Item {
  readonly service: string;
  readonly item: string;
  readonly needs: readonly InputName[];
  readonly price: PriceName;
  quantity(values: Values): number;
}

/** Five services. The compute of the database is the one line that is priced by SKU. */
const items: readonly Item[] = [
  {
    ...{ service: 'Container Apps', item: 'vCPU', price: 'container_vcpu_second', needs: ['replicas', 'container_vcpu'] },
    quantity: ({ replicas, container_vcpu }) => replicas * container_vcpu * seconds,
  },
  {
    ...{ service: 'Container Apps', item: 'memory', price: 'container_gib_second', needs: ['replicas', 'container_memory_gib'] },
    quantity: ({ replicas, container_memory_gib }) => replicas * container_memory_gib * seconds,
  },
  {
    ...{ service: 'Container Apps', item: 'requests', price: 'container_million_requests', needs: ['requests'] },
    quantity: ({ requests }) => requests / 1e6,
  },
  {
    ...{ service: 'PostgreSQL', item: 'storage', price: 'postgres_storage_gb_month', needs: ['postgres_storage_gb'] },
    quantity: ({ postgres_storage_gb }) => postgres_storage_gb,
  },
  {
    ...{ service: 'PostgreSQL', item: 'backup beyond the size of the storage', price: 'postgres_backup_gb_month' },
    needs: ['postgres_backup_gb', 'postgres_storage_gb'],
    quantity: ({ postgres_backup_gb, postgres_storage_gb }) => Math.max(0, postgres_backup_gb - postgres_storage_gb),
  },
  {
    ...{ service: 'OpenAI', item: 'embeddings', price: 'embedding_million_tokens', needs: ['embedding_tokens'] },
    quantity: ({ embedding_tokens }) => embedding_tokens / 1e6,
  },
  {
    ...{ service: 'Application Insights', item: 'ingestion', price: 'telemetry_gb', needs: ['telemetry_gb'] },
    quantity: ({ telemetry_gb }) => telemetry_gb,
  },
  {
    ...{ service: 'Application Insights', item: 'retention', price: 'telemetry_retention_gb_month' },
    needs: ['telemetry_gb', 'telemetry_retention_days'],
    // What comes in within a month is kept at this rate for each month after the 90 days that are included.
    quantity: ({ telemetry_gb, telemetry_retention_days }) =>
      telemetry_gb * (Math.max(0, telemetry_retention_days - 90) / (hours / 24)),
  },
  {
    ...{ service: 'Storage', item: 'backups', price: 'blob_gb_month', needs: ['blob_gb'] },
    quantity: ({ blob_gb }) => blob_gb,
  },
  {
    ...{ service: 'Storage', item: 'writes', price: 'blob_10000_writes', needs: ['blob_writes'] },
    quantity: ({ blob_writes }) => blob_writes / 10_000,
  },
  {
    ...{ service: 'Storage', item: 'egress', price: 'egress_gb', needs: ['egress_gb'] },
    quantity: ({ egress_gb }) => egress_gb,
  },
];

const compute = { service: 'PostgreSQL', item: 'compute', needs: ['postgres_sku', 'postgres_ha'] } as const;

/** Throws `invalid_input` for a SKU without a price. What is not known is named, never taken for nothing. */
export function estimate(prices: PriceList, inputs: Inputs): Estimate {
  const lines: CostLine[] = [];
  const missing: MissingUsage[] = [];
  const values = Object.fromEntries(Object.entries(inputs).map(([name, { value }]) => [name, Number(value)])) as Values;
  for (const { service, item, needs } of [compute, ...items]) {
    const lacking = needs.filter((name) => inputs[name] === undefined);
    if (lacking.length > 0)
      missing.push({ service, item, inputs: lacking.map((name) => ({ name, meaning: inputMeanings[name] })) });
  }
  const isKnown = ({ needs }: { readonly needs: readonly InputName[] }) => needs.every((name) => inputs[name] !== undefined);
  if (inputs.postgres_sku !== undefined) {
    const sku = skuOf(prices, String(inputs.postgres_sku.value));
    if (isKnown(compute)) lines.push(computeLine(sku, values));
  }
  for (const { service, item, needs, price, quantity } of items.filter(isKnown)) {
    const priced = prices.prices[price];
    const used = quantity(values);
    const { unit, free } = priced;
    const cost = cents(Math.max(0, used - free) * priced.price);
    lines.push({ service, item, quantity: tidy(used), unit, free, unit_price: priced.price, cost, from: needs });
  }
  return {
    currency: prices.currency,
    price_date: prices.date,
    price_status: prices.status,
    region: prices.region,
    inputs,
    lines,
    missing,
    complete: missing.length === 0,
    total: cents(lines.reduce((sum, line) => sum + line.cost, 0)),
  };
}

function skuOf(prices: PriceList, name: string) {
  const sku = Object.hasOwn(prices.postgres_skus, name) ? prices.postgres_skus[name] : undefined;
  if (sku !== undefined) return sku;
  throw new AppError('invalid_input', `There is no price of the PostgreSQL SKU ${JSON.stringify(name.slice(0, 80))}`, {
    hint: `Prices are known of ${Object.keys(prices.postgres_skus).join(', ')}. Add others to a copy of data/prices.json as DATA_DIR/prices.json.`,
  });
}

function computeLine({ vcores, vcore_hour }: ReturnType<typeof skuOf>, { postgres_ha }: Values): CostLine {
  const quantity = vcores * hours * (postgres_ha > 0 ? 2 : 1);
  const { service, item, needs } = compute;
  const cost = cents(quantity * vcore_hour);
  return { service, item, quantity, unit: 'vCore-hour', free: 0, unit_price: vcore_hour, cost, from: needs };
}

export interface BudgetState {
  readonly monthly: number;
  /** Of the budget; absent where that is nothing. */
  readonly share?: number;
  /** `low` above 80 %, `high` above 100 %. */
  readonly warning?: 'low' | 'high';
}

/** What is missing in the total cannot warn: an incomplete estimate that stays below may still be above. */
export function compareWithBudget(total: number, monthly: number): BudgetState {
  const warning = total > monthly ? 'high' : total > 0.8 * monthly ? 'low' : undefined;
  return { monthly, ...(monthly > 0 && { share: total / monthly }), ...(warning && { warning }) };
}

const cents = (amount: number) => Math.round(amount * 100) / 100;
const tidy = (quantity: number) => Number(quantity.toPrecision(12));
