import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { TrustedIssuer } from '../../src/app/identity-edge.ts';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import type { ServerAddress } from '../../src/postgres/connection-settings.ts';
import type { Database, TenantStatement } from '../../src/postgres/database.ts';
import { startTableListener, type WatchTables, watchEmbeddedTables } from '../../src/postgres/table-listener.ts';
import { keyOf } from '../identity/zava-directory.ts';
import { openPool } from '../postgres/real-servers.ts';
import type { TestDatabase } from '../support/databases.ts';
import { type ProductOptions, type ProductStack, productStack } from '../support/edge-stack.ts';
import { rsaPair } from '../support/key-pair.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';

const { publicKey, privateKey } = rsaPair();
const issuer = 'zava-auth';

async function trusted(): Promise<TrustedIssuer> {
  return { issuer, keys: await createPublicKeySource(publicKey.export({ type: 'spki', format: 'pem' }).toString()) };
}

/** A caller with this role at these stores; a regional manager at the region of the first. */
export function tokenFor(storeIds: readonly number[], role = 'store_manager', regions: readonly string[] = []): Promise<string> {
  return new SignJWT({ roles: [role], allowed_stores: storeIds.map(keyOf), allowed_regions: regions })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(issuer)
    .setAudience('mcp-server')
    .setSubject(`${role} of ${storeIds}${regions}`)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
}

export interface ReplicaOptions extends Partial<ProductOptions> {
  /** Where it finds the database; absent = where the test does. */
  readonly address?: ServerAddress;
  readonly maxConnections?: number;
  /** Changes what is sent, or fails in the database's place. */
  readonly onStatement?: (statement: TenantStatement) => TenantStatement;
}

export interface Replica extends ProductStack {
  /** Callers' statements that reached the database. */
  statements(): number;
  ask(token: string, sql: string): Promise<Asked>;
  readonly database: Database;
}

export interface Asked {
  readonly status: number;
  /** Present where there is no answer. */
  readonly code: string | undefined;
  readonly rows: unknown[][] | undefined;
  readonly cached: boolean | undefined;
  readonly stale: boolean | undefined;
  readonly tookMs: number;
}

/** One process of the product, with a pool, a listener and a cache of its own, on the test's database. */
export async function replica(db: TestDatabase, options: ReplicaOptions = {}): Promise<Replica> {
  const { address = db.address, maxConnections = 6, onStatement = (statement) => statement, ...rest } = options;
  const pool = address && (await openPool({ ...db, address }, { maxConnections }));
  const inner = pool ?? db.database;
  let statements = 0;
  const database: Database = {
    ...inner,
    runAsTenant: (statement) => {
      statements += 1;
      return inner.runAsTenant(onStatement(statement));
    },
  };
  const product = await productStack({ db: { database }, trusted: await trusted(), watchTables: watching(db, address), ...rest });
  return {
    ...product,
    database,
    statements: () => statements,
    ask: (token, sql) => ask(product.mcpUrl, token, sql),
    async close() {
      await product.close();
      await pool?.close();
    },
  };
}

function watching(db: TestDatabase, address: ServerAddress | undefined): WatchTables {
  return async (sink, onFailure) => {
    if (address === undefined) {
      await watchEmbeddedTables(db.database, sink);
      return { close: async () => {} };
    }
    const login = { user: db.role('server'), password: db.password };
    return startTableListener({ address, login, channel: 'zava_table_changed', sink, onFailure });
  };
}

async function ask(url: string, token: string, sql: string): Promise<Asked> {
  const start = performance.now();
  const params = { name: 'execute_sales_query', arguments: { postgresql_query: sql } };
  const response = await postLegacy(url, 'tools/call', params, { token });
  const { result, error } = await answerOf(response);
  const { rows, cached, stale } = result?.structuredContent ?? {};
  const code = error?.data.code ?? (result?.isError === true ? JSON.parse(result.content[0].text).code : undefined);
  return { status: response.status, code, rows, cached, stale, tookMs: performance.now() - start };
}
