import { developmentIssuer, trustedIssuer } from '../app/adapters.ts';
import { compose, serverName } from '../app/compose.ts';
import {
  lookAtAlertChannels,
  lookAtAzureIdentity,
  lookAtBackupTarget,
  lookAtReadReplicas,
  lookAtRedis,
} from '../app/doctor-looks.ts';
import { openEmbedder } from '../app/embedding.ts';
import { closeInOrder } from '../app/lifecycle.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { scopeKey } from '../app/secrets.ts';
import { serveHttp } from '../app/serve-http.ts';
import type { ServedSchema } from '../app/served-schema.ts';
import { readConfig } from '../config/load.ts';
import { localUrl } from '../config/local-url.ts';
import { usesAzure } from '../config/production-rules.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { createChecks, type Diagnosis, diagnose, formatDiagnosis } from '../health/diagnose.ts';
import type { Database } from '../postgres/database.ts';
import { readMigrations } from '../postgres/migrate.ts';
import { proveSeparation } from '../proof/prove.ts';
import { createTenantDirectory } from '../query/tenant-directory.ts';
import { exitCodes } from './exit-code.ts';
import { openToldDatabase } from './open-database.ts';
import { closeWithinMs, stoppable, unlessStopped } from './stoppable.ts';
import { minimumNode, readVersion } from './version.ts';

const clock = systemClock;

/** Twelve checks, each with a remedy. A faulty configuration is a finding here, not an end. */
export async function doctor({ json }: { readonly json?: boolean }): Promise<number> {
  const diagnosis = await stoppable(diagnoseUnlessStopped);
  process.stdout.write(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : formatDiagnosis(diagnosis));
  return diagnosis.ok ? exitCodes.done : exitCodes.failed;
}

async function diagnoseUnlessStopped(stop: AbortSignal): Promise<Diagnosis> {
  const { config, problems } = readConfig({ serving: 'nothing' });
  const { postgresRolePrefix: prefix, redisUrl } = config;
  const served = await loadServedSchema(config);
  const { definition, migrations } = served;
  // The first start of the embedded database makes it, which takes longer than a check may.
  const opening = openToldDatabase(config, { signal: stop }).then(({ database }) => database);
  const database = await opening.catch(() => undefined);
  const toClose = [async () => database?.close()];
  try {
    stop.throwIfAborted();
    const server = await serverToAsk({ config, served, database });
    toClose.unshift(server.close);
    const checks = createChecks({
      runtime: { node: process.version, minimumNode: minimumNode(), release: readVersion() },
      settings: problems,
      database: { open: () => opening, definition, prefix, migrations: await readMigrations(migrations) },
      isolation: async (opened) => {
        const key = await scopeKey(config);
        const tenants = await createTenantDirectory({ database: opened, definition, clock })();
        return proveSeparation({ database: opened, definition, prefix, signingKey: () => key, clock, tenants });
      },
      clock,
      readReplicas: () => lookAtReadReplicas(config),
      backupTarget: () => lookAtBackupTarget(config),
      alertChannels: async () => lookAtAlertChannels(config),
      ...(usesAzure(config) && { azureIdentity: () => lookAtAzureIdentity(config) }),
      ...(redisUrl !== undefined && { cache: (signal: AbortSignal) => lookAtRedis(redisUrl, signal) }),
      ...(config.embedder !== 'none' &&
        served.catalogue !== undefined && { embedder: (signal: AbortSignal) => askEmbedder(config, signal) }),
      server,
    });
    return await unlessStopped(stop, diagnose(checks));
  } finally {
    await closeInOrder(toClose, { deadlineMs: closeWithinMs(stop) });
  }
}

async function askEmbedder(config: Config, signal: AbortSignal): Promise<string> {
  const embedder = await openEmbedder(config, clock);
  if (embedder === undefined) return 'none';
  try {
    const [vector] = await embedder.embed(['hammer'], { signal });
    return `${embedder.name}: ${embedder.model}, ${vector?.length} numbers a text`;
  } finally {
    await embedder.close();
  }
}

interface AskedServer {
  readonly config: Config;
  readonly served: ServedSchema;
  readonly database: Database | undefined;
}

interface ServerToAsk {
  readonly url: string;
  readonly token?: string;
  close(): Promise<void>;
}

/** The server that runs at the configured address; where none does, one of this process, on a free port. */
async function serverToAsk({ config, served, database }: AskedServer): Promise<ServerToAsk> {
  const address = config.publicUrl ?? localUrl(config);
  const running = { url: `${address}/mcp`, close: async () => {} };
  const answers = await fetch(`${address}/health/live`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  if (answers !== undefined || database === undefined) return running;
  try {
    const note = () => {};
    const key = await scopeKey(config);
    const composition = await compose({
      config,
      served,
      database,
      signingKey: () => key,
      version: readVersion(),
      note,
      admitAudited: () => {},
      clock,
    });
    const trusted = await trustedIssuer(config, clock, note);
    const own = { ...config, host: '127.0.0.1', port: 0, publicUrl: undefined };
    const http = await serveHttp({
      config: own,
      definition: served.definition,
      composition,
      database,
      trusted,
      serverName,
      note,
    });
    const close = () => http.close(1000);
    return { url: `${http.url}/mcp`, close, ...(config.devIssuer && { token: await ownToken(config, served) }) };
  } catch {
    return running;
  }
}

async function ownToken(config: Config, { definition }: ServedSchema): Promise<string> {
  const issuer = await developmentIssuer(config, clock);
  const role = definition.callerRoles.find(({ scope }) => scope === 'all');
  return issuer.mint({
    subject: 'doctor',
    audience: config.authAudience[0] ?? '',
    roles: role === undefined ? [] : [role.name],
    tenantKeys: [],
    groups: [],
    ttlSeconds: 60,
  });
}
