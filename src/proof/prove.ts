import type { Migration } from '../postgres/migrate.ts';
import { installationOf } from '../postgres/privilege-check.ts';
import { type CatalogFacts, readCatalog } from './catalog.ts';
import { probeClosedDoors } from './closed-probes.ts';
import { probeForging } from './forging-probes.ts';
import { inspect } from './inspect.ts';
import { scopeFunctionOf } from './policy-rules.ts';
import { createProber, type ProbeOptions, type ProbeResult } from './probe.ts';
import { createReport, type ProofReport } from './report.ts';
import { probeSeparation } from './separation-probes.ts';

export interface ProveOptions extends ProbeOptions {
  /** As shipped: every function of the schema must have the body that one of them gives it. */
  readonly migrations: readonly Pick<Migration, 'text'>[];
}

/** Inspects the live database and attacks it as two of its tenants. Changes nothing: every attempt ends in a rollback. */
export async function prove(options: ProveOptions): Promise<ProofReport> {
  const { database, definition, prefix, clock } = options;
  const installation = await installationOf({ database, definition, prefix });
  const facts = await readCatalog(database.query, installation);
  const findings = inspect(facts, {
    installation,
    embedded: database.kind === 'embedded',
    migrationsText: options.migrations.map(({ text }) => text.replaceAll('{{prefix}}', prefix)).join('\n'),
  });
  const [row] = await database.query("SELECT current_database()::text AS name, current_setting('server_version') AS version");
  return createReport({
    date: new Date(clock.now()),
    subject: {
      database: row?.name ?? '',
      server: `${database.kind === 'embedded' ? 'embedded ' : ''}PostgreSQL ${row?.version}`,
      schema: definition.schema,
      role_prefix: prefix,
      serving_login: installation.serverLogin,
    },
    facts,
    findings,
    probes: await probeEverything(options, facts),
  });
}

/** What a database without rows of two tenants gives in place of probes. */
export const nothingToProve: ProbeResult = {
  name: 'two tenants have rows',
  passed: false,
  detail: 'fewer than two tenants have rows that a reader can see: nothing can be proved',
};

async function probeEverything(options: ProbeOptions, facts: CatalogFacts): Promise<ProbeResult[]> {
  const prober = await createProber(options);
  if (prober === undefined) return [nothingToProve];
  const scopeFunction = scopeFunctionOf(facts);
  const sources = facts.functions.filter(({ name }) => name === scopeFunction || name === options.definition.useScopeFunction);
  const settings = sources.flatMap(({ source }) =>
    [...source.matchAll(/current_setting\('([\w.]+)'/g)].map((match) => match[1] ?? ''),
  );
  return [
    ...(await probeSeparation(prober)),
    ...(await probeForging({ prober, scopeFunction, contextSettings: [...new Set(settings)] })),
    ...(await probeClosedDoors(prober)),
  ];
}

/** The short form for readiness checks and `doctor`: does each of two tenants see its own rows and no others? */
export async function proveSeparation(options: ProbeOptions): Promise<ProbeResult[]> {
  const prober = await createProber(options);
  return prober === undefined ? [nothingToProve] : probeSeparation(prober);
}
