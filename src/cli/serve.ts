import { keySource, openDatabase, scopeKey } from '../app/adapters.ts';
import { compose, serverName } from '../app/compose.ts';
import { closeInOrder, untilStopped } from '../app/lifecycle.ts';
import { serveHttp } from '../app/serve-http.ts';
import { retailSchema } from '../app/served-schema.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { fixedPrincipal } from '../identity/fixed-principal.ts';
import { refuseUnsafeRoles } from '../postgres/privilege-check.ts';
import { createLogSink } from '../telemetry/log-sink.ts';
import { demoSnippets } from './demo-snippets.ts';
import { exitCodes } from './exit-code.ts';
import { createProgressBar } from './progress-bar.ts';
import { readVersion } from './version.ts';

export interface ServeFlags {
  readonly transport: 'stdio' | 'http';
  readonly port?: number;
  readonly role?: string;
  readonly store: readonly string[];
  readonly region: readonly string[];
}

/** Everything before the first call: settings, database, walls, parts. Under stdio nothing of it may touch stdout. */
async function start(config: Config) {
  const served = retailSchema;
  const clock = systemClock;
  const note = createLogSink({ stream: process.stderr, clock, level: config.logLevel });
  const key = await scopeKey(config);
  const bar = createProgressBar(process.stderr);
  const opened = await openDatabase({
    config,
    served,
    key,
    onStep: (step) => process.stderr.write(`${step} …\n`),
    seed: (session) => served.seed(session, bar.update),
  });
  if (opened.notice !== undefined) process.stderr.write(`${opened.notice}\n`);
  try {
    await refuseUnsafeRoles({ database: opened.database, definition: served.definition, prefix: config.postgresRolePrefix });
    const version = readVersion();
    const composition = await compose({ config, served, database: opened.database, key, version, note, clock });
    return { served, clock, note, database: opened.database, composition, version };
  } catch (error) {
    await opened.database.close();
    throw error;
  }
}

export async function serve(flags: ServeFlags): Promise<number> {
  return flags.transport === 'http' ? serveOverHttp(flags) : serveOverStdio(flags);
}

async function serveOverHttp({ port }: ServeFlags): Promise<number> {
  const loaded = loadConfig({ serving: 'http' });
  const config = port === undefined ? loaded : { ...loaded, port };
  const { served, clock, note, database, composition, version } = await start(config);
  const keys = await keySource(config, clock);
  const http = await serveHttp({ config, definition: served.definition, composition, database, keys, serverName, clock, note });
  note({ kind: 'server_started', transport: 'http', version, address: http.url });
  if (config.devIssuer) process.stderr.write(await demoSnippets(config, http.url, await composition.tenants(), clock));
  const reason = await untilStopped();
  await closeInOrder([() => http.close(), () => database.close()]);
  note({ kind: 'server_stopped', reason });
  return exitCodes.done;
}

async function serveOverStdio({ role, store, region }: ServeFlags): Promise<number> {
  const config = loadConfig({ serving: 'stdio' });
  const { served, note, database, composition, version } = await start(config);
  const closeDatabase = () => database.close();
  try {
    const principal = fixedPrincipal({
      role: roleOf(role, database.kind),
      tenantNames: store,
      groupNames: region,
      directory: await composition.tenants(),
      rules: served.definition,
    });
    const stdio = composition.mcp.stdio(principal);
    note({ kind: 'server_started', transport: 'stdio', version });
    const reason = await Promise.race([stdio.closed.then(() => 'the client has gone'), untilStopped()]);
    await closeInOrder([() => stdio.close(), closeDatabase]);
    note({ kind: 'server_stopped', reason });
    return exitCodes.done;
  } catch (error) {
    await closeDatabase();
    throw error;
  }
}

/** Whoever starts the process is the caller. Only the demonstration data may be had without saying who. */
function roleOf(role: string | undefined, kind: 'postgresql' | 'embedded'): string {
  if (role !== undefined) return role;
  if (kind === 'embedded') return 'super_admin';
  throw new AppError('forbidden', 'On a real database the stdio transport must be told whose eyes it has', {
    hint: 'Add --role store_manager --store <name>, --role regional_manager --region <name> or --role super_admin.',
  });
}
