import { type AdviseIndexesOptions, adviseIndexes, type IndexReport } from '../advisor/advise-indexes.ts';
import { adviseQueries, type QueryReport } from '../advisor/advise-queries.ts';
import type { Applied } from '../advisor/apply-advice.ts';
import { applyAdvice, stepsOf } from '../advisor/apply-advice.ts';
import { openNamedSession } from '../app/adapters.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import type { ServedSchema } from '../app/served-schema.ts';
import { databaseTarget } from '../config/database-target.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { approximateFrom } from '../search/embedding/vector-store.ts';
import { formatIndexReport, formatQueryReport } from './advice-text.ts';
import { exitCodes } from './exit-code.ts';
import { withOwner } from './index-products.ts';
import { stoppable } from './stoppable.ts';

export interface AdviseFlags {
  readonly json?: boolean;
  readonly apply?: boolean;
}

const schemasOf = ({ definition }: ServedSchema) => [definition.schema, 'extensions'];

/** Compares the indexes with what is needed and asked; with --apply builds, as the owner, what is missing. */
export async function adviseOnIndexes({ json, apply }: AdviseFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const served = await loadServedSchema(config);
  return stoppable(async (stop) => {
    const look = () => withReader(config, stop, (sessions) => adviseIndexes(indexOptions(served, sessions, stop)));
    const before = await look();
    const applied = apply ? await withOwner(config, stop, (session) => applyTo(session, before, stop)) : [];
    const report = applied.length === 0 ? before : await look();
    process.stdout.write(
      json ? `${JSON.stringify({ ...report, ...(apply && { applied }) }, null, 2)}\n` : formatIndexReport(report, applied),
    );
    return isInOrder(report) && applied.every(({ outcome }) => outcome === 'done') ? exitCodes.done : exitCodes.failed;
  });
}

function applyTo(session: OwnerSession, report: IndexReport, signal: AbortSignal): Promise<Applied[]> {
  const onStep = (what: string) => process.stderr.write(`${what} …\n`);
  return applyAdvice({ session, steps: stepsOf(report), onStep, signal });
}

function indexOptions(served: ServedSchema, sessions: Sessions, signal: AbortSignal): AdviseIndexesOptions {
  const stored = served.catalogue?.vectors;
  const vectors = stored && { table: stored.relation, column: stored.vector, fromRows: approximateFrom };
  return { ...sessions, schemas: schemasOf(served), recommended: served.indexes, ...(vectors && { vectors }), signal };
}

const isInOrder = ({ recommendations, standing }: IndexReport) =>
  recommendations.every(({ status }) => status === 'present' || status === 'redundant') &&
  standing.every(({ kind }) => kind !== 'INVALID');

/** Where the database's time goes, and why. */
export async function adviseOnQueries({ json }: Pick<AdviseFlags, 'json'>): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const served = await loadServedSchema(config);
  return stoppable(async (signal) => {
    const report: QueryReport = await withReader(config, signal, (sessions) =>
      adviseQueries({ ...sessions, schemas: schemasOf(served), ...(served.metrics && { metrics: served.metrics }), signal }),
    );
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatQueryReport(report));
    return exitCodes.done;
  });
}

interface Sessions {
  readonly session: OwnerSession;
  readonly statistics?: OwnerSession;
}

/** The operator login sees what every login has asked, the owner may read every served table: with both, each does its part. */
async function withReader<T>(config: Config, stop: AbortSignal, work: (sessions: Sessions) => Promise<T>): Promise<T> {
  const { postgresOperatorUrl: operator, postgresOwnerUrl: owner } = config;
  if (databaseTarget(config).kind !== 'postgresql' || operator === undefined)
    return withOwner(config, stop, (session) => work({ session }));
  const statistics = await openNamedSession(config, 'postgresOperatorUrl');
  try {
    if (owner === undefined) return await work({ session: statistics });
    return await withOwner(config, stop, (session) => work({ session, statistics }));
  } finally {
    await statistics.close();
  }
}
