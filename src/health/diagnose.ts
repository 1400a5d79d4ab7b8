import { AppError } from '../core/errors.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { Database } from '../postgres/database.ts';
import type { Migration } from '../postgres/migrate.ts';
import { findUnsafePrivileges } from '../postgres/privilege-check.ts';
import { shakeHands } from './mcp-handshake.ts';

export interface CheckAnswer {
  readonly status: 'ok' | 'warning' | 'failed' | 'not applicable';
  readonly detail: string;
  /** What to do next, where this is not ok. */
  readonly remedy?: string;
}

export interface Check {
  /** How many times the usual limit it may take: a model has to be loaded first, a proof is dozens of statements. */
  readonly patience?: number;
  readonly name: string;
  /** What to do when the check cannot even be made. */
  readonly remedy: string;
  readonly run: (signal: AbortSignal) => Promise<CheckAnswer>;
}

export interface Diagnosis {
  /** No check has failed. */
  readonly ok: boolean;
  readonly checks: readonly (CheckAnswer & { readonly name: string; readonly durationMs: number })[];
}

export interface DiagnoseOptions {
  readonly runtime: { readonly node: string; readonly minimumNode: string; readonly release: string };
  /** Problems of the configuration, secrets masked; none is good. */
  readonly settings: readonly { readonly setting: string; readonly problem: string; readonly remedy: string }[];
  readonly database: {
    /** Asked by two checks; opens at most once. Whoever opened it closes it. */
    readonly open: () => Promise<Database>;
    readonly definition: SchemaDefinition;
    readonly prefix: string;
    readonly migrations: readonly Migration[];
  };
  /** Probes of the isolation of tenants. */
  readonly isolation: (
    database: Database,
  ) => Promise<readonly { readonly name: string; readonly passed: boolean; readonly detail: string }[]>;
  /** A dependency that is not configured is left out; a configured one tells what it found, or throws. */
  readonly embedder?: Reach;
  readonly azureIdentity?: Reach;
  readonly cache?: Reach;
  /** The running server's MCP endpoint. */
  readonly server?: { readonly url: string; readonly token?: string };
}

export type Reach = (signal: AbortSignal) => Promise<string>;

export function createChecks(options: DiagnoseOptions): readonly Check[] {
  const { embedder, azureIdentity, cache, server } = options;
  return [
    { name: 'runtime', remedy: 'Reinstall this release', run: async () => checkRuntime(options.runtime) },
    { name: 'settings', remedy: 'zava-mcp-server config check', run: async () => checkSettings(options.settings) },
    {
      name: 'database',
      remedy: 'Check DATABASE_URL or POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB and POSTGRES_PASSWORD, and that the server runs',
      run: () => checkDatabase(options.database),
      // The embedded one answers one question at a time, the proof's as well.
      patience: 3,
    },
    {
      name: 'row-level security',
      remedy: 'zava-mcp-server prove shows each probe; do not serve until it passes',
      run: async () => checkIsolation(await options.isolation(await options.database.open())),
      patience: 6,
    },
    {
      ...reachable('embedder', embedder, 'not configured: products are found by their words', 'Check EMBEDDER and its settings'),
      patience: 4,
    },
    reachable('Azure identity', azureIdentity, 'not configured', 'Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the credential'),
    reachable('cache', cache, 'in this process’s memory', 'Check REDIS_URL; without Redis the server works, slower'),
    reachable(
      'server',
      server && ((signal) => shakeHands({ ...server, signal })),
      'no address was given to ask',
      'Start the server: zava-mcp-server serve --transport http',
    ),
  ];
}

const checkTimeLimitMs = 5000;

/** All checks at once, each with its own time limit: one dependency that hangs does not hide the others. */
export async function diagnose(checks: readonly Check[], timeLimitMs = checkTimeLimitMs): Promise<Diagnosis> {
  const answers = await Promise.all(checks.map((check) => runCheck(check, timeLimitMs * (check.patience ?? 1))));
  return { ok: answers.every(({ status }) => status !== 'failed'), checks: answers };
}

async function runCheck(check: Check, timeLimitMs: number): Promise<Diagnosis['checks'][number]> {
  const start = performance.now();
  const done = (answer: CheckAnswer) => ({ name: check.name, ...answer, durationMs: Math.round(performance.now() - start) });
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<CheckAnswer>((resolve) => {
    timer = setTimeout(() => {
      late.abort();
      resolve({ status: 'failed', detail: `no answer within ${timeLimitMs / 1000} s`, remedy: check.remedy });
    }, timeLimitMs);
  });
  const answer = check.run(late.signal).catch((error: unknown): CheckAnswer => {
    if (!(error instanceof AppError)) return { status: 'failed', detail: 'an unexpected failure', remedy: check.remedy };
    return { status: 'failed', detail: error.message, remedy: error.hint ?? check.remedy };
  });
  try {
    return done(await Promise.race([answer, deadline]));
  } finally {
    clearTimeout(timer);
  }
}

function reachable(name: string, reach: Reach | undefined, unconfigured: string, remedy: string): Check {
  return {
    name,
    remedy,
    run: async (signal) =>
      reach === undefined ? { status: 'not applicable', detail: unconfigured } : { status: 'ok', detail: await reach(signal) },
  };
}

function checkRuntime({ node, minimumNode, release }: DiagnoseOptions['runtime']): CheckAnswer {
  const detail = `release ${release} on Node ${node}`;
  return compareVersions(node, minimumNode) >= 0
    ? { status: 'ok', detail }
    : { status: 'failed', detail, remedy: `Install Node ${minimumNode} or newer` };
}

/** `v20.19.4` against `20.19`: numbers left to right, a missing one counts as 0. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string) =>
    version
      .replace(/^v/, '')
      .split('.')
      .map((part) => Number.parseInt(part, 10));
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function checkSettings(problems: DiagnoseOptions['settings']): CheckAnswer {
  if (problems.length === 0) return { status: 'ok', detail: 'every setting can be used, and none contradicts another' };
  return {
    status: 'failed',
    detail: problems.map(({ setting, problem }) => `${setting} ${problem}`).join('; '),
    remedy: problems.map(({ setting, remedy }) => `${setting}: ${remedy}`).join('; '),
  };
}

/** The oldest major that the migrations are tested on. */
const oldestMajor = 16;
const extensions = ['vector', 'pg_trgm'];

async function checkDatabase({ open, definition, prefix, migrations }: DiagnoseOptions['database']): Promise<CheckAnswer> {
  const database = await open();
  const version = `${database.kind === 'embedded' ? 'embedded ' : ''}PostgreSQL ${database.serverMajor}`;
  if (database.serverMajor < oldestMajor)
    return { status: 'failed', detail: version, remedy: `Upgrade the server to PostgreSQL ${oldestMajor} or newer` };
  const installed = await database.query('SELECT extname::text AS name FROM pg_extension');
  const missing = extensions.filter((name) => !installed.some((row) => row.name === name));
  if (missing.length > 0)
    return {
      status: 'failed',
      detail: `${version} without the extensions ${missing.join(', ')}`,
      remedy: 'zava-mcp-server bootstrap --admin-url <administrator>',
    };
  const unsafe = await findUnsafePrivileges({ database, definition, prefix });
  const history = await compareHistory(database, migrations);
  if (history !== undefined) return { ...history, detail: `${version}, ${history.detail}` };
  if (unsafe.length > 0)
    return {
      status: 'failed',
      detail: `${version}, ${unsafe.map(({ where, what }) => `${where} ${what}`).join('; ')}`,
      remedy: [...new Set(unsafe.map(({ remedy }) => remedy))].join('; '),
    };
  return { status: 'ok', detail: `${version}, extensions and roles in order, ${migrations.length} migrations applied` };
}

async function compareHistory(database: Database, migrations: readonly Migration[]): Promise<CheckAnswer | undefined> {
  const [table] = await database.query("SELECT to_regclass('ops.schema_migrations')::text AS name");
  const applied = table?.name
    ? await database.query('SELECT version::text, checksum FROM ops.schema_migrations ORDER BY ops.schema_migrations.version')
    : [];
  const unknown = applied.filter((row) => !migrations.some(({ version }) => version === Number(row.version)));
  if (unknown.length > 0)
    return {
      status: 'failed',
      detail: `migrated by a newer release (to ${unknown.at(-1)?.version})`,
      remedy: 'Use a release at least as new as the one that migrated the database',
    };
  const changed = migrations.filter(({ version, checksum }) =>
    applied.some((row) => Number(row.version) === version && row.checksum !== checksum),
  );
  if (changed.length > 0)
    return {
      status: 'failed',
      detail: `migrations differ from those that were applied: ${changed.map(({ name }) => name).join(', ')}`,
      remedy: 'Restore the files as they were released',
    };
  const pending = migrations.filter(({ version }) => !applied.some((row) => Number(row.version) === version));
  if (pending.length > 0)
    return { status: 'failed', detail: `${pending.length} migrations are pending`, remedy: 'zava-mcp-server migrate' };
  return undefined;
}

function checkIsolation(probes: Awaited<ReturnType<DiagnoseOptions['isolation']>>): CheckAnswer {
  const broken = probes.filter(({ passed }) => !passed);
  if (broken.length === 0) return { status: 'ok', detail: `${probes.length} probes held` };
  return {
    status: 'failed',
    detail: broken.map(({ name, detail }) => `${name}: ${detail}`).join('; '),
    remedy: 'zava-mcp-server prove shows each probe; do not serve until it passes',
  };
}

/** One line a check, and the remedy below where there is one. */
export function formatDiagnosis({ ok, checks }: Diagnosis): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, remedy }) => [
    `${name.padEnd(width)}  ${status.padEnd(14)}  ${detail}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(width)}  remedy: ${remedy}`]),
  ]);
  return `${[...lines, ok ? 'Everything that could be checked is in order.' : 'Something needs mending.'].join('\n')}\n`;
}
