import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { packageRoot } from '../core/package-root.ts';
import { type BudgetState, compareWithBudget, type Estimate, estimate } from '../cost/estimate.ts';
import { type Inputs, parseAssumptions } from '../cost/inputs.ts';
import { measureUsage } from '../cost/measure-usage.ts';
import { loadPrices, type PriceList } from '../cost/price-list.ts';
import type { CostSession } from '../cost/usage-ledger.ts';

export interface MonthlyCostOptions {
  readonly config: Config;
  /** The server's login is enough. */
  readonly session: CostSession;
  readonly clock: Pick<Clock, 'now'>;
  /** Win over the settings and over what is measured. */
  readonly assumptions?: Inputs;
  /** Absent: the newer of the package's and the fetched ones. */
  readonly prices?: PriceList;
}

export interface MonthlyEstimate extends Estimate {
  /** Absent without MONTHLY_BUDGET. */
  readonly budget?: BudgetState;
}

const shippedPrices = new URL('data/prices.json', packageRoot);

/** Where `cost estimate --refresh` puts what it fetched. */
export const fetchedPrices = ({ dataDir }: Pick<Config, 'dataDir'>) => join(dataDir, 'prices.json');

export const currentPrices = (config: Pick<Config, 'dataDir'>) => loadPrices(shippedPrices, fetchedPrices(config));

/**
 * What the installation costs a month: measured where it can be, assumed where the operator says so, and named as missing
 * otherwise. For the gauge `estimated_cost_monthly`, the alert `budget` and `cost estimate`.
 */
export async function estimateMonthly(options: MonthlyCostOptions): Promise<MonthlyEstimate> {
  const { config, session, clock, assumptions = {} } = options;
  const prices = options.prices ?? (await currentPrices(config));
  const measured = await measureUsage({
    session,
    nowMs: clock.now(),
    replicas: config.replicasExpected,
    embeddingIsPaid: config.embedder === 'azure',
    backupsInBlobStorage: /^https?:/i.test(config.backupTarget),
  });
  const inputs = { ...measured, ...parseAssumptions(config.costAssumptions ?? []), ...assumptions };
  const found = estimate(prices, inputs);
  const { monthlyBudget } = config;
  return { ...found, ...(monthlyBudget !== undefined && { budget: compareWithBudget(found.total, monthlyBudget) }) };
}
