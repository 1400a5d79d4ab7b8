import { openNamedSession } from '../app/adapters.ts';
import { expectationOf, openEmbedder } from '../app/embedding.ts';
import { databaseTarget } from '../config/database-target.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { loadSampleData } from '../retail/sample-data/load.ts';
import { FULL_SCALE } from '../retail/sample-data/options.ts';
import { verifySampleData } from '../retail/sample-data/verify.ts';
import { exitCodes } from './exit-code.ts';
import { indexSeeded, openLastingDatabase } from './open-database.ts';
import { printJson } from './output.ts';
import { createProgressBar } from './progress-bar.ts';
import { stoppable } from './stoppable.ts';

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
  if (config.schemaDir !== undefined) {
    throw new AppError('invalid_input', 'seed makes the sample data of the retail schema, and SCHEMA_DIR names another', {
      hint: 'The embedded database takes sample-data.sql of SCHEMA_DIR when it is made; load a server as its owner, with psql.',
    });
  }
  if (flags.full && flags.scale !== undefined) throw new AppError('invalid_input', 'Give --full or --scale, not both');
  return stoppable((stop) =>
    databaseTarget(config).kind === 'postgresql' ? seedServer(config, flags, stop) : seedEmbedded(config, flags, stop),
  );
}

async function seedServer(config: Config, flags: SeedFlags, stop: AbortSignal): Promise<number> {
  const session = await openNamedSession(config, 'postgresOwnerUrl');
  try {
    return flags.verify ? await verify(config, session, flags) : await load(config, session, flags, stop);
  } finally {
    await session.close();
  }
}

/** A new embedded database is made with the data that the flags ask for, or not at all. */
async function seedEmbedded(config: Config, flags: SeedFlags, stop: AbortSignal): Promise<number> {
  let loaded: number | undefined;
  const seedNew = async (session: OwnerSession) => {
    loaded = await load(config, session, flags, stop);
  };
  const opened = await openLastingDatabase(config, { signal: stop, ...(flags.verify ? {} : { seed: seedNew }) });
  try {
    if (opened.session === undefined) throw new Error('the embedded database gives no session');
    if (flags.verify) return await verify(config, opened.session('owner'), flags);
    if (loaded !== undefined) return loaded;
    const code = await load(config, opened.session('owner'), flags, stop);
    await opened.keepTemplate?.();
    return code;
  } finally {
    await opened.database.close();
  }
}

async function load(config: Config, session: OwnerSession, flags: SeedFlags, signal: AbortSignal): Promise<number> {
  const bar = createProgressBar(process.stderr);
  try {
    const { rows } = await loadSampleData({ session, options: sampleOptions(flags), onProgress: bar.update, signal });
    if (flags.json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
    const summary = Object.entries(rows).map(([table, count]) => `${table} ${count}`);
    await indexSeeded(config, session, { onProgress: bar.update, signal });
    process.stderr.write(`Loaded: ${summary.join(', ')}.\n`);
    return exitCodes.done;
  } finally {
    bar.end();
  }
}

async function verify(config: Config, session: OwnerSession, flags: SeedFlags): Promise<number> {
  const embedder = await openEmbedder(config, systemClock);
  const { passed, checks, digests } = await verifySampleData({
    session,
    options: sampleOptions(flags),
    ...(embedder && { embeddings: expectationOf(embedder) }),
  });
  if (flags.json) printJson({ passed, checks, digests });
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
