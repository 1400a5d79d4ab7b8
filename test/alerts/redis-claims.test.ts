import { afterEach } from 'vitest';
import { claimName } from '../../src/alerts/claims.ts';
import { createRedisClaims } from '../../src/alerts/redis-claims.ts';
import { openRedis } from '../../src/resilience/redis-connection.ts';
import { claimPlaceContract } from '../contracts/claim-place.ts';
import { onRedis, ownPrefix, until } from '../support/redis.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

onRedis('who tells of an alert, settled in Redis:', (url) => {
  claimPlaceContract(async () => {
    const redis = openRedis({ url, note: () => {} });
    open.push(redis);
    const { client } = redis;
    await until('Redis is connected', () => client.isReady);
    const prefix = ownPrefix();
    const placeOf = (holder: string) =>
      createRedisClaims({ redis: client, prefix, holder, cooldownMs: 15 * 60_000, silentMs: 90_000 });
    return {
      places: [placeOf('a'), placeOf('b')],
      async age(minutes) {
        for (const name of ['["breaker_open","high",["dependency","database"]]', 'another']) {
          const key = `${prefix}alert:${claimName(name)}`;
          if ((await client.exists(key)) === 0) continue;
          for (const field of ['told', 'seen']) await client.hIncrBy(key, field, -minutes * 60_000);
        }
      },
    };
  });
});
