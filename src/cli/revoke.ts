import { setTimeout as delay } from 'node:timers/promises';
import { sharedRedis } from '../app/adapters.ts';
import { revocationStores } from '../app/identity-edge.ts';
import { recordNow } from '../app/record-now.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { revokeTokens } from '../identity/revoke-tokens.ts';
import type { RedisConnection } from '../resilience/redis-connection.ts';
import { createLogSink } from '../telemetry/log-sink.ts';
import { exitCodes } from './exit-code.ts';
import { openLastingDatabase } from './open-database.ts';

export interface RevokeFlags {
  readonly jti?: string;
  readonly subject?: string;
  readonly reason: string;
  readonly keepDays: number;
}

const redisWaitMs = 2000;

/** Every replica refuses the token within five seconds. */
export async function revoke({ jti, subject, reason, keepDays }: RevokeFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const clock = systemClock;
  const note = createLogSink({ stream: process.stderr, clock, level: config.logLevel });
  const { database } = await openLastingDatabase(config);
  const redis = await sharedRedis(config, note);
  try {
    if (redis !== undefined) await untilReady(redis);
    const [inDatabase, inRedis] = revocationStores({ config, database, redis, clock });
    const revocation = await revokeTokens(
      { jti, subject, reason, keepDays },
      { database: inDatabase, redis: inRedis, clock, note },
    );
    const { by, value } = revocation;
    await recordNow(database, clock, [{ kind: 'tokens_revoked', by, value, reason }]);
    process.stderr.write(
      `Revoked: ${revocation.by} ${revocation.value}, kept until ${new Date(revocation.expiresAt).toISOString()}.\n`,
    );
    return exitCodes.done;
  } finally {
    await redis?.close();
    await database.close();
  }
}

/** The database is the truth, so a Redis that is away only delays replicas that cannot reach the database. */
async function untilReady({ client }: RedisConnection): Promise<void> {
  const deadline = Date.now() + redisWaitMs;
  while (!client.isReady && Date.now() < deadline) await delay(50);
}
