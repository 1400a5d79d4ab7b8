// An installation of its own, all of whose parts can be taken away: database and standby, Redis, embedder, replicas, nginx.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from '../../tools/bundle.mjs';
import { withClient } from '../installation.mjs';
import { startDatabaseLine } from '../load/database-line.mjs';
import { createIssuer, databaseSettings, storeScopes } from '../load/scaled-installation.mjs';
import { BenchError, cleanEnvironment, progress, runCommand } from '../places.mjs';
import { firstLane, freePort, startChild } from '../servers/child.mjs';
import { createBackupTarget } from './backup-target.mjs';
import { programsOf, startClusterPair } from './cluster.mjs';
import { startAlertReceiver, startEmbeddingService, startNginx, startRedis } from './neighbours.mjs';

const database = 'zavachaos';
/** Callers of this run do as they are told. */
const noLimits = {
  RATE_LIMIT_PER_MINUTE: '1000000',
  RATE_LIMIT_BURST: '1000000',
  RATE_LIMIT_SQL_PER_MINUTE: '1000000',
  RATE_LIMIT_SEARCH_PER_MINUTE: '1000000',
};

/** @returns {string | undefined} the library that shows a process another time, where it is installed */
export function findFaketime() {
  const root = '/usr/lib';
  return readdirSync(root)
    .map((name) => join(root, name, 'faketime/libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}

/**
 * @param {{ main: string, root: string, scale: number, replicas: number, pace: { everyMs: number, speedUp: number } }} options
 *   main: dist/main.js; root: of PostgreSQL's programs
 */
export async function startInstallation({ main, root, scale, replicas: count, pace }) {
  const faketime = findFaketime();
  if (faketime === undefined) throw new BenchError('There is no libfaketime: apt-get install faketime');
  const folder = mkdtempSync(join(tmpdir(), 'zava-chaos-'));
  const toStop = [() => rmSync(folder, { recursive: true, force: true })];
  const keep = (part, stop) => {
    toStop.unshift(() => stop(part));
    return part;
  };
  const onSignal = () => void stop().finally(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, onSignal);
  const stop = async () => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, onSignal);
    for (const one of toStop.splice(0))
      await Promise.resolve()
        .then(one)
        .catch((error) => progress(error.message));
  };
  try {
    progress('starting PostgreSQL, Redis, embedding service');
    const pair = keep(await startClusterPair(root), (part) => part.stop());
    const line = keep(await startDatabaseLine({ host: '127.0.0.1', port: pair.primary.port }), (part) => part.stop());
    const redis = keep(await startRedis(), (part) => part.kill());
    const embedder = keep(await startEmbeddingService(), (part) => part.kill());
    const receiver = keep(await startAlertReceiver(), (part) => part.stop());
    const target = keep(createBackupTarget(join(folder, 'backups')), (part) => part.remove());
    const issuer = await createIssuer();
    const env = environment({ folder, port: pair.primary.port, redis, embedder, receiver, target, issuer, root, count });
    const { adminUrl } = pair.primary;
    for (const args of [
      ['bootstrap', '--admin-url', adminUrl.href],
      ['migrate'],
      ['seed', '--scale', String(scale)],
      ['index-products'],
    ]) {
      progress(`zava-mcp-server ${args[0]}`);
      await runCommand(process.execPath, [main, ...args], { env: cleanEnvironment(env) });
    }
    await withClient({ name: database, adminUrl }, (admin) => admin.query('VACUUM ANALYZE'));
    await pair.startStandby();
    const scopes = await storeScopes(database, adminUrl);
    const tokens = await Promise.all(scopes.map((scope) => issuer.token(scope)));
    const places = await Promise.all(Array.from({ length: count }, freePort));
    const clocks = places.map((_, index) => join(folder, `clock-${index}`));
    const served = {
      ...env,
      POSTGRES_PORT: String(line.port),
      POSTGRES_REPLICA_URLS: `postgresql://127.0.0.1:${pair.standby.port}/${database}?sslmode=disable`,
    };
    const replicaFile = await bundled('bench/chaos/replica.mjs');
    const startReplica = async (index) => {
      writeFileSync(clocks[index], '+0');
      const dataDir = join(folder, `replica-${index}`);
      mkdirSync(dataDir, { recursive: true });
      const args = [replicaFile, places[index], pace.everyMs, pace.speedUp].map(String);
      const own = {
        DATA_DIR: dataDir,
        LD_PRELOAD: faketime,
        FAKETIME_TIMESTAMP_FILE: clocks[index],
        FAKETIME_CACHE_DURATION: '1',
        DONT_FAKE_MONOTONIC: '1',
      };
      const child = startChild(process.execPath, args, cleanEnvironment({ ...served, ...own }));
      const headers = { Authorization: `Bearer ${tokens[0]}` };
      (await firstLane(child, { url: `http://127.0.0.1:${places[index]}/mcp`, headers })).close();
      return child;
    };
    progress(`starting ${count} replicas`);
    const replicas = [];
    toStop.unshift(() => Promise.all(replicas.map((one) => one.stop())));
    // One after the other: all at once they would be slow enough on a small machine for an alert of their own.
    for (const index of places.keys()) replicas.push(await startReplica(index));
    const nginx = keep(await startNginx(join(folder, 'nginx'), places), (part) => part.stop());
    return {
      ...{ database, adminUrl, pair, line, redis, embedder, receiver, target, scopes, tokens, replicas },
      url: `${nginx.url}/mcp`,
      origins: places.map((port) => `http://127.0.0.1:${port}`),
      /** As `X-Replica` names it. */
      nameOf: (index) => `127.0.0.1:${places[index]}`,
      async restartReplica(index) {
        replicas[index] = await startReplica(index);
      },
      /** @param {number} index @param {number} seconds */
      setClock: (index, seconds) => writeFileSync(clocks[index], `+${seconds}`),
      /** The command line of the product, with what limits the backup target. */
      async command(...args) {
        const [command, rest] = target.under(process.execPath, [main, ...args]);
        return runCommand(command, rest, { env: cleanEnvironment(env) });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function environment({ folder, port, redis, embedder, receiver, target, issuer, root, count }) {
  return {
    ENVIRONMENT: 'test',
    PGPASSWORD: 'none',
    DATA_DIR: join(folder, 'command-line'),
    ...databaseSettings({ database, host: '127.0.0.1', port }),
    POSTGRES_BIN_DIR: programsOf(root, join(folder, 'bin')),
    POSTGRES_MAX_CONNECTIONS: '8',
    SCOPE_SIGNING_KEY_SECRET_NAME: 'CHAOS_SCOPE_KEY',
    CHAOS_SCOPE_KEY: `run:${randomBytes(32).toString('base64')}`,
    DEV_ENCRYPTION_KEY: `run:${randomBytes(32).toString('base64')}`,
    AUTH_PUBLIC_KEY: issuer.publicKey,
    REDIS_URL: redis.url,
    REPLICAS_EXPECTED: String(count),
    TRUST_PROXY: '1',
    EMBEDDER: 'azure',
    AZURE_OPENAI_ENDPOINT: embedder.url,
    AZURE_OPENAI_API_KEY: 'only-for-this-run',
    BACKUP_TARGET: target.folder,
    ALERT_WEBHOOK_URL: receiver.url,
    SCHEDULES: 'false',
    ...noLimits,
  };
}
