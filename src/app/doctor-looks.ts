import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { databaseTarget, parseConnection } from '../config/database-target.ts';
import type { Config } from '../config/schema.ts';
import { diskSpaceOf } from '../health/checks/system-check.ts';
import type { CheckAnswer } from '../health/diagnose.ts';
import { openStandbyProbe } from '../postgres/standby-probe.ts';
import { createAzureTokenSource } from '../vault/azure-identity.ts';
import { alertChannels } from './alerting/alerting.ts';
import { openBlobStore } from './backups/backup-store.ts';
import { azureIdentity } from './secrets.ts';

const answerMs = 2000;
const mebibyte = 1024 * 1024;
const leastRoomBytes = 512 * mebibyte;

/** Whether each of POSTGRES_REPLICA_URLS is there, and a standby. */
export async function lookAtReadReplicas(config: Config): Promise<CheckAnswer> {
  const target = databaseTarget(config);
  const urls = config.postgresReplicaUrls ?? [];
  if (target.kind === 'embedded' || urls.length === 0) return { status: 'not applicable', detail: 'none is set' };
  const told = await Promise.all(
    urls.map(async (url) => {
      const { address } = parseConnection(url, config);
      const name = `${address.host}:${address.port}`;
      const state = await openStandbyProbe(address, target.login, answerMs).then(
        async (probe) => probe.ask(answerMs).finally(probe.hangUp),
        () => undefined,
      );
      if (state === undefined) return { name, problem: 'does not answer' };
      return { name, problem: state.standby ? undefined : 'is no standby' };
    }),
  ).catch(() => [{ name: 'one of them', problem: 'does not say what it is' }]);
  const bad = told.filter(({ problem }) => problem !== undefined);
  if (bad.length === 0) return { status: 'ok', detail: `${told.map(({ name }) => name).join(', ')}: standbys that answer` };
  return {
    status: 'failed',
    detail: bad.map(({ name, problem }) => `${name} ${problem}`).join('; '),
    remedy: 'Start it again, or take it out of POSTGRES_REPLICA_URLS; until then the primary answers alone',
  };
}

/** Every identity may ask for a token of the resource manager, whatever rights it has. */
const anyTokenScope = 'https://management.azure.com/.default';

/** Whether Azure knows who this server is. */
export async function lookAtAzureIdentity(config: Config): Promise<string> {
  const { managedIdentity, clientId, clientSecret } = azureIdentity(config);
  await createAzureTokenSource(azureIdentity(config), anyTokenScope)();
  const kind = managedIdentity
    ? 'the managed identity'
    : clientSecret === undefined
      ? 'the login of this host'
      : 'the application';
  return `${kind}${clientId === undefined ? '' : ` ${clientId}`} gets tokens`;
}

/** Whether Redis answers. */
export async function lookAtRedis(url: string, signal: AbortSignal): Promise<string> {
  const { openRedis } = await import('../resilience/redis-connection.ts');
  const redis = openRedis({ url, note: () => {}, connectTimeoutMs: answerMs });
  try {
    await new Promise<void>((resolve, reject) => {
      redis.client.once('ready', resolve).once('error', reject);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    await redis.client.ping();
    return 'Redis answers';
  } finally {
    await redis.close();
  }
}

/** Whether backups can be written to BACKUP_TARGET, and how much room is left there. */
export async function lookAtBackupTarget(config: Config): Promise<CheckAnswer> {
  const store = openBlobStore(config);
  const blobs = await store.list();
  const kept = `${blobs.length} files kept in ${store.place}`;
  if (/^https?:/i.test(config.backupTarget)) return { status: 'ok', detail: kept };
  const folder = await nearestFolder(store.place);
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    return {
      status: 'failed',
      detail: `${folder} cannot be written to`,
      remedy: 'Give the server’s account the right to, or set BACKUP_TARGET',
    };
  }
  const { freeBytes } = await diskSpaceOf(folder);
  const largest = Math.max(0, ...blobs.map(({ bytes }) => bytes));
  const room = `${Math.floor(freeBytes / mebibyte)} MiB are free`;
  const remedy = 'Make room, or lower BACKUP_RETENTION_DAYS: backup retention removes what has expired';
  if (freeBytes < largest) return { status: 'failed', detail: `${kept}; ${room}, less than the last backup took`, remedy };
  if (freeBytes < Math.max(leastRoomBytes, 2 * largest)) return { status: 'warning', detail: `${kept}; ${room}`, remedy };
  return { status: 'ok', detail: `${kept}; ${room}` };
}

/** It is made with the first backup. */
async function nearestFolder(path: string): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : nearestFolder(dirname(path));
}

/** Whom alerts reach. */
export function lookAtAlertChannels(config: Config): CheckAnswer {
  const others = alertChannels(config, () => {})
    .map(({ name }) => name)
    .filter((name) => name !== 'log');
  if (others.length > 0) return { status: 'ok', detail: `the log and ${others.join(', ')}: \`alerts test\` tries them` };
  return {
    status: 'warning',
    detail: 'alerts go to the log alone',
    remedy: 'Set ALERT_WEBHOOK_URL, SLACK_WEBHOOK_URL, TEAMS_WEBHOOK_URL or the settings for e-mail',
  };
}
