import { drainStdio } from '../app/stdio-drain.ts';
import { loadConfig } from '../config/load.ts';
import { AppError } from '../core/errors.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import { fixedPrincipal } from '../identity/fixed-principal.ts';
import { exitCodes } from './exit-code.ts';
import { openLog } from './open-log.ts';
import { type HttpServing, serveOverHttp } from './serve-http.ts';
import { clock, startServer, stopWaitMs } from './start-server.ts';
import { stoppable, untilStopped } from './stoppable.ts';

export interface ServeFlags {
  readonly transport: 'stdio' | 'http';
  readonly port?: number;
  readonly role?: string;
  readonly store: readonly string[];
  readonly region: readonly string[];
}

/** What a client that has closed its end may still wait for an answer. */
const goneWaitMs = 5_000;

export async function serve(flags: ServeFlags, trial: Pick<HttpServing, 'alertPace'> = {}): Promise<number> {
  const { transport, port } = flags;
  return stoppable((stop) => (transport === 'http' ? serveOverHttp({ port, ...trial }, stop) : serveOverStdio(flags, stop)));
}

async function serveOverStdio({ role, store, region }: ServeFlags, stop: AbortSignal): Promise<number> {
  const config = loadConfig({ serving: 'stdio' });
  const { served, database, composition, version, note, closeParts, close } = await startServer(
    config,
    openLog(config, clock),
    stop,
  );
  const drain = drainStdio(process);
  try {
    const principal = fixedPrincipal({
      role: roleOf(role, served.definition, database.kind),
      tenantNames: store,
      groupNames: region,
      directory: await composition.tenants(),
      rules: served.definition,
    });
    const stdio = composition.mcp.stdio(principal, drain.streams);
    note({ kind: 'server_started', transport: 'stdio', version });
    const ended = Promise.race([drain.ended, stdio.closed]).then(() => 'the client has gone');
    const reason = await Promise.race([ended, untilStopped(stop)]);
    const waitMs = stop.aborted ? stopWaitMs : goneWaitMs;
    await closeParts([() => drain.idle(waitMs), () => stdio.close()]);
    note({ kind: 'server_stopped', reason });
    return exitCodes.done;
  } finally {
    drain.release();
    await close();
  }
}

/** Whoever starts the process is the caller. Only the demonstration data may be had without saying who. */
function roleOf(role: string | undefined, { callerRoles }: SchemaDefinition, kind: 'postgresql' | 'embedded'): string {
  if (role !== undefined) return role;
  const widest = callerRoles.find(({ scope }) => scope === 'all');
  if (kind === 'embedded' && widest !== undefined) return widest.name;
  const flags = { tenants: ' --store <name>', groups: ' --region <name>', all: '' };
  throw new AppError('forbidden', 'On a real database the stdio transport must be told whose eyes it has', {
    hint: `Add ${callerRoles.map(({ name, scope }) => `--role ${name}${flags[scope]}`).join(' or ')}.`,
  });
}
