import { writeFile } from 'node:fs/promises';
import { loadServedSchema } from '../app/load-schema.ts';
import { currentPrices, estimateMonthly, fetchedPrices, type MonthlyEstimate } from '../app/monthly-cost.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { createRetailPrices } from '../cost/azure-retail-prices.ts';
import { parseAssumptions } from '../cost/inputs.ts';
import { severalTenants } from '../cost/usage-ledger.ts';
import { readUsage, type UsageReport } from '../cost/usage-report.ts';
import { createTenantDirectory } from '../query/tenant-directory.ts';
import { exitCodes } from './exit-code.ts';
import { openToldDatabase } from './open-database.ts';
import { printJson, tell } from './output.ts';
import { stoppable, unlessStopped } from './stoppable.ts';

export interface EstimateFlags {
  readonly json?: boolean;
  readonly refresh?: boolean;
  readonly assume: readonly string[];
}

const print = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);

/** What a month costs, with what that follows from. Above the budget the exit code says so as well. */
export async function estimateCost({ json, refresh, assume }: EstimateFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const assumptions = parseAssumptions(assume);
  return stoppable(async (stop) => {
    if (refresh) await refreshPrices(config, stop);
    const { database } = await openToldDatabase(config, { signal: stop });
    try {
      const found = await unlessStopped(stop, estimateMonthly({ config, session: database, clock: systemClock, assumptions }));
      if (json) printJson(found);
      else print(estimateLines(found));
      const { budget } = found;
      if (budget?.warning === 'low') tell(`WARNING: above 80 % of MONTHLY_BUDGET (${budget.monthly} ${found.currency}).`);
      if (budget?.warning === 'high') tell(`WARNING: above MONTHLY_BUDGET (${budget.monthly} ${found.currency}).`);
      return budget?.warning === 'high' ? exitCodes.failed : exitCodes.done;
    } finally {
      await database.close();
    }
  });
}

async function refreshPrices(config: Config, signal: AbortSignal): Promise<void> {
  const today = new Date(systemClock.now()).toISOString().slice(0, 10);
  const { prices, confirmed, kept } = await createRetailPrices().refresh(await currentPrices(config), today, signal);
  await writeFile(fetchedPrices(config), `${JSON.stringify(prices, null, 2)}\n`, { mode: 0o600 });
  tell(`${confirmed.length} prices fetched into ${fetchedPrices(config)}.`);
  for (const { name, why } of kept) tell(`kept as it was: ${name}, ${why}`);
}

function estimateLines(found: MonthlyEstimate): string[] {
  const { currency, lines, missing, inputs } = found;
  return [
    `Prices of ${found.price_date}, ${found.region}, ${currency}: ${found.price_status}.`,
    '',
    'Inputs',
    ...Object.entries(inputs).map(
      ([name, { value, basis, from }]) => `  ${name.padEnd(25)} ${shown(value).padStart(20)}  ${basis}: ${from}`,
    ),
    '',
    'A month of 730 hours',
    ...lines.map(
      ({ service, item, quantity, unit, free, unit_price, cost }) =>
        `  ${`${service}, ${item}`.padEnd(48)} ${cost.toFixed(2).padStart(10)}  ${shown(quantity)} ${unit} at ${unit_price}${free > 0 ? `, ${free} of them free` : ''}`,
    ),
    ...missing.map(
      ({ service, item, inputs: lacking }) =>
        `  ${`${service}, ${item}`.padEnd(48)} ${'unknown'.padStart(10)}  give ${lacking.map(({ name, meaning }) => `${name} (${meaning})`).join(' and ')}`,
    ),
    `  ${(found.complete ? 'Total' : 'Total of what is known').padEnd(48)} ${found.total.toFixed(2).padStart(10)}  ${currency}`,
    ...(missing.length > 0 ? ['', 'Give what is unknown by --assume name=value, or in COST_ASSUMPTIONS.'] : []),
  ];
}

const shown = (value: number | string) =>
  typeof value === 'string' ? value : Number(value.toPrecision(6)).toLocaleString('en-US');

/** What calls have used, by tenant and tool. */
export async function reportCost({ json, days }: { readonly json?: boolean; readonly days: number }): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  return stoppable(async (stop) => {
    const { database } = await openToldDatabase(config, { signal: stop });
    const { definition } = await loadServedSchema(config);
    const reading = async () => {
      const tenants = await createTenantDirectory({ database, definition, clock: systemClock })();
      const names = new Map(tenants.map(({ id, name }) => [id, name]));
      names.set(severalTenants, '(several tenants)');
      const report = await readUsage(database, days, systemClock.now());
      return {
        ...report,
        usage: report.usage.map((row) => ({ tenant: names.get(row.tenant_id) ?? `tenant ${row.tenant_id}`, ...row })),
      };
    };
    try {
      const report = await unlessStopped(stop, reading());
      if (json) printJson(report);
      else print(reportLines(report));
      return exitCodes.done;
    } finally {
      await database.close();
    }
  });
}

type NamedReport = Omit<UsageReport, 'usage'> & {
  readonly usage: readonly (UsageReport['usage'][number] & { readonly tenant: string })[];
};

function reportLines(report: NamedReport): string[] {
  const { usage, cache, days, from, to } = report;
  if (usage.length === 0) return [`Nothing was booked in the last ${days} days.`];
  const columns = [
    'calls',
    'failed',
    'rows',
    'bytes',
    'embedding_tokens',
    'cache_hits',
    'database_ms',
    'saved_ms',
    'cpu_ms',
  ] as const;
  const table = [
    ['tenant', 'tool', ...columns],
    ...usage.map((row) => [row.tenant, row.tool, ...columns.map((name) => Math.round(row[name]).toLocaleString('en-US'))]),
  ];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  const percent = (rate: number | undefined) => (rate === undefined ? 'unknown' : `${(100 * rate).toFixed(1)} %`);
  return [
    `From ${from} to ${to} (UTC). cpu_ms is an estimate: the processes' CPU time, in equal parts for each call of a minute.`,
    '',
    ...table.map(line),
    '',
    `Cache: ${cache.hits} of ${cache.queries} statements from the cache (${percent(cache.hit_rate)}; without warming ${percent(cache.hit_rate_without_warming)}), ${Math.round(cache.saved_ms)} ms of the database saved.`,
  ];
}
