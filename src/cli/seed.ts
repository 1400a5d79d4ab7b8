import { openDatabase, openNamedSession, scopeKey } from '../app/adapters.ts';
import { retailSchema } from '../app/served-schema.ts';
import { databaseTarget } from '../config/database-target.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { loadSampleData } from '../retail/sample-data/load.ts';
import { FULL_SCALE } from '../retail/sample-data/options.ts';
import { verifySampleData } from '../retail/sample-data/verify.ts';
import { exitCodes } from './exit-code.ts';
import { createProgressBar } from './progress-bar.ts';

export interface SeedFlags {
  readonly scale?: number;
  readonly full?: boolean;
  readonly seed?: number;
  readonly endDate?: string;
  readonly batchSize?: number;
  readonly force?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

export async function seed(flags: SeedFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  if (flags.force && config.environment === 'production') {
    throw new AppError('invalid_input', 'seed --force never runs in production: it replaces all retail rows');
  }
  if (flags.full && flags.scale !== undefined) throw new AppError('invalid_input', 'Give --full or --scale, not both');
  const { session, close } = await openOwner(config);
  try {
    return flags.verify ? await verify(session, flags) : await load(session, flags);
  } finally {
    await close();
  }
}

async function load(session: OwnerSession, flags: SeedFlags): Promise<number> {
  const bar = createProgressBar(process.stderr);
  const stop = new AbortController();
  const onInterrupt = () => stop.abort(new AppError('query_failed', 'Interrupted: nothing was changed'));
  process.once('SIGINT', onInterrupt);
  try {
    const { rows } = await loadSampleData({
      session,
      options: sampleOptions(flags),
      onProgress: bar.update,
      signal: stop.signal,
    });
    bar.end();
    const summary = Object.entries(rows).map(([table, count]) => `${table} ${count}`);
    if (flags.json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
    process.stderr.write(`Loaded: ${summary.join(', ')}.\n`);
    return exitCodes.done;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function verify(session: OwnerSession, flags: SeedFlags): Promise<number> {
  const { passed, checks, digests } = await verifySampleData({ session, options: sampleOptions(flags) });
  if (flags.json) process.stdout.write(`${JSON.stringify({ passed, checks, digests }, null, 2)}\n`);
  for (const check of checks) process.stderr.write(`${check.passed ? 'passed' : 'FAILED'}  ${check.name}: ${check.detail}\n`);
  for (const [table, digest] of Object.entries(digests)) process.stderr.write(`sha256  ${table}: ${digest}\n`);
  return passed ? exitCodes.done : exitCodes.failed;
}

function sampleOptions({ scale, full, seed: number, endDate, batchSize, force }: SeedFlags) {
  return {
    ...(full ? { scale: FULL_SCALE } : scale === undefined ? {} : { scale }),
    ...(number === undefined ? {} : { seed: number }),
    ...(endDate === undefined ? {} : { endDate }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(force === undefined ? {} : { force }),
  };
}

/** The embedded database is left empty when it is new, so that the flags decide what goes in. */
async function openOwner(config: Config): Promise<{ session: OwnerSession; close: () => Promise<void> }> {
  if (databaseTarget(config).kind === 'postgresql') {
    const session = await openNamedSession(config, 'postgresOwnerUrl');
    return { session, close: () => session.close() };
  }
  const opened = await openDatabase({ config, served: retailSchema, key: await scopeKey(config), seed: async () => {} });
  if (opened.notice !== undefined || opened.session === undefined) {
    await opened.database.close();
    throw new AppError('dependency_unavailable', opened.notice ?? 'There is no embedded database', {
      hint: 'Stop the other process first.',
    });
  }
  return { session: opened.session('owner'), close: () => opened.database.close() };
}
