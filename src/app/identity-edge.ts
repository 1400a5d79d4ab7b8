import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { Authenticate, Recognise } from '../http/authenticate.ts';
import { createAuthenticate } from '../identity/authenticate.ts';
import { createDatabaseRevocation } from '../identity/database-revocation.ts';
import { entraIssuer } from '../identity/entra-discovery.ts';
import { createJwksKeySource } from '../identity/jwks-key-source.ts';
import type { KeySource } from '../identity/key-source.ts';
import { createMapPrincipal } from '../identity/principal-scopes.ts';
import { createRecognise } from '../identity/recognise.ts';
import { createRedisRevocation } from '../identity/redis-revocation.ts';
import { createRevocationList } from '../identity/revocation.ts';
import { createToolLimit } from '../identity/tool-limit.ts';
import { createTokenVerifier } from '../identity/verify-token.ts';
import type { Database } from '../postgres/database.ts';
import type { TenantDirectory } from '../query/tenant-directory.ts';
import { createInsuredRateStore } from '../resilience/insured-rate-store.ts';
import { createMemoryRateStore } from '../resilience/memory-rate-store.ts';
import { createRateLimiter, type RateStore } from '../resilience/rate-limiter.ts';
import type { RedisConnection } from '../resilience/redis-connection.ts';
import { createRedisRateStore } from '../resilience/redis-rate-store.ts';

export interface TrustedIssuer {
  /** What `iss` must be. */
  readonly issuer: string;
  readonly keys: KeySource;
}

/** The issuer that publishes its keys: AUTH_JWKS_URI, or else the Entra directory of AZURE_TENANT_ID. */
export function remoteIssuer(config: Config, clock: Clock, note: Note): TrustedIssuer | undefined {
  const production = config.environment === 'production';
  if (config.authJwksUri !== undefined) {
    return { issuer: config.authIssuer, keys: createJwksKeySource({ address: config.authJwksUri, production, clock, note }) };
  }
  if (config.azureTenantId === undefined) return undefined;
  const { issuer, keysAddress } = entraIssuer({ tenantId: config.azureTenantId, production });
  return { issuer, keys: createJwksKeySource({ address: keysAddress, production, clock, note }) };
}

export interface IdentityEdgeOptions {
  readonly config: Config;
  readonly definition: SchemaDefinition;
  readonly database: Pick<Database, 'query'>;
  readonly tenants: TenantDirectory;
  readonly redis?: RedisConnection | undefined;
  /** Where the processes of this machine count together. A Redis, which counts for all machines, wins. */
  readonly rates?: RateStore | undefined;
  readonly clock: Clock;
  readonly note: Note;
}

/** Limits and revocation, shared by all replicas that share the database and the Redis. */
export function createIdentityEdge(options: IdentityEdgeOptions) {
  const { config, definition, database, tenants, redis, rates, clock, note } = options;
  const prefix = redisPrefix(config);
  const local = createMemoryRateStore({ clock });
  const shared = redis === undefined ? rates : createRedisRateStore({ redis: redis.client, prefix });
  const store = shared === undefined ? local : createInsuredRateStore({ shared, local, clock, note });
  const limit = (name: string, perMinute: number, burst?: number) =>
    createRateLimiter({ name, store, perMinute, ...(burst !== undefined && { burst }) }).take;
  const privilegedFactor = config.rateLimitAdminFactor;
  const revocations = createRevocationList({ stores: revocationStores({ config, database, redis, clock }), clock, note });

  return {
    /** `resource` is this server's own identifier: an audience that is always accepted. */
    callers(trusted: TrustedIssuer | undefined, resource: string): { authenticate: Authenticate; recognise: Recognise } {
      if (trusted === undefined) return { authenticate: refuseAll, recognise: refuseAll };
      const audiences = [...config.authAudience, resource];
      const steps = {
        verifier: createTokenVerifier({ ...trusted, audiences, clock, tenantKeyClaim: config.authRlsClaim }),
        revocations,
        // The development issuer writes our claims itself.
        mapPrincipal: config.devIssuer ? undefined : createMapPrincipal({ database, directory: tenants, clock }),
        directory: tenants,
        rules: definition,
      };
      const authenticate = createAuthenticate({
        ...steps,
        limits: {
          subject: limit('calls', config.rateLimitPerMinute, config.rateLimitBurst),
          failedAuthentication: limit('failed authentications', config.rateLimitFailedAuthPerMinute),
          privilegedFactor,
        },
        note,
      });
      return { authenticate, recognise: createRecognise(steps) };
    },
    /** For `admit-call`. */
    limitTool: createToolLimit({
      tenantRows: limit('SQL queries', config.rateLimitSqlPerMinute),
      tools: { semantic_search_products: limit('searches', config.rateLimitSearchPerMinute) },
      rules: definition,
      privilegedFactor,
    }),
  };
}

export type RevocationPlaces = Pick<IdentityEdgeOptions, 'config' | 'database' | 'redis' | 'clock'>;

/** The database first: it is the truth. */
export function revocationStores({ config, database, redis, clock }: RevocationPlaces) {
  const inRedis = redis && createRedisRevocation({ redis: redis.client, prefix: redisPrefix(config), clock });
  return [createDatabaseRevocation({ database, clock }), ...(inRedis === undefined ? [] : [inRedis])] as const;
}

const redisPrefix = (config: Config) => `${config.postgresRolePrefix}:`;

const refuseAll = async (): Promise<never> => {
  throw new AppError('unauthenticated', 'No token issuer is configured, so no token can be accepted', {
    hint: 'The operator sets AUTH_JWKS_URI or AUTH_PUBLIC_KEY, or DEV_ISSUER on a development machine.',
  });
};
