// A database and roles of one run's own, of any size: what soak and growth do to it disturbs no other benchmark.
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { createKeyPem, withClient } from '../installation.mjs';
import { cleanEnvironment, progress, runCommand, services } from '../places.mjs';
import { firstLane, startChild } from '../servers/child.mjs';
import { ours } from '../servers/ours.mjs';

/**
 * @param {{ main: string, scale: number }} options customers
 * @returns {Promise<{ database: string, env: Record<string, string>, drop: () => Promise<void> }>}
 */
export async function scaledInstallation({ main, scale }) {
  const { adminUrl } = services();
  const database = `zavascaled_${randomBytes(4).toString('hex')}`;
  const env = {
    ...databaseSettings({ database, host: adminUrl.hostname, port: adminUrl.port }),
    SCOPE_SIGNING_KEY_SECRET_NAME: 'bench-scope-key',
    BENCH_SCOPE_KEY: `run:${randomBytes(32).toString('base64')}`,
  };
  const drop = () =>
    withClient({ name: 'postgres' }, async (admin) => {
      await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
      const { rows } = await admin.query('SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)', [`${database}_`]);
      for (const { rolname } of rows) await admin.query(`DROP OWNED BY ${rolname}; DROP ROLE ${rolname}`);
    });
  progress(`making ${database}: ${scale.toLocaleString('en-US')} customers`);
  const setUp = cleanEnvironment({ ...env, PGPASSWORD: decodeURIComponent(adminUrl.password) });
  const address = `postgresql://${adminUrl.username}@${adminUrl.host}/postgres`;
  try {
    for (const args of [['bootstrap', '--admin-url', address], ['migrate'], ['seed', '--scale', String(scale)]]) {
      await runCommand(process.execPath, [main, ...args], { env: setUp });
    }
    await withClient({ name: database }, (admin) => admin.query('VACUUM ANALYZE'));
  } catch (error) {
    await drop();
    throw error;
  }
  return { database, env, drop };
}

/**
 * Of an installation whose roles are named after its database, all with one new password.
 *
 * @param {{ database: string, host: string, port: number | string }} place
 */
export function databaseSettings({ database, host, port }) {
  const password = randomBytes(18).toString('base64url');
  const loginUrl = (role) => `postgresql://${database}_${role}:${password}@${host}:${port}/${database}`;
  return {
    POSTGRES_HOST: host,
    POSTGRES_PORT: String(port),
    POSTGRES_DB: database,
    POSTGRES_SSL_MODE: 'disable',
    POSTGRES_ROLE_PREFIX: database,
    POSTGRES_USER: `${database}_server`,
    POSTGRES_PASSWORD: password,
    POSTGRES_READER_PASSWORD: password,
    POSTGRES_OWNER_URL: loginUrl('owner'),
    POSTGRES_OPERATOR_URL: loginUrl('operator'),
  };
}

/** @typedef {{ ids: number[], names: string[], keys: string[] }} Scope what one manager may see: one store, or several */

/** Each store alone. @param {string} database @param {URL} [adminUrl] of another server @returns {Promise<Scope[]>} */
export function storeScopes(database, adminUrl) {
  return withClient({ name: database, adminUrl }, async (admin) => {
    const { rows } = await admin.query('SELECT store_id, store_name, rls_user_id FROM retail.stores ORDER BY store_id');
    return rows.map(({ store_id, store_name, rls_user_id }) => ({
      ids: [Number(store_id)],
      names: [store_name],
      keys: [rls_user_id],
    }));
  });
}

/** Ten times as many scopes as there are stores: each alone, every pair, and so on, until there are enough. @param {readonly Scope[]} stores */
export function tenfoldScopes(stores) {
  const scopes = [];
  let sized = stores.map((scope, last) => ({ ...scope, last }));
  while (scopes.length < 10 * stores.length && sized.length > 0) {
    scopes.push(...sized);
    sized = sized.flatMap(({ ids, names, keys, last }) =>
      stores.slice(last + 1).map((more, index) => ({
        ids: [...ids, ...more.ids],
        names: [...names, ...more.names],
        keys: [...keys, ...more.keys],
        last: last + 1 + index,
      })),
    );
  }
  return scopes.slice(0, 10 * stores.length);
}

/** An issuer of this run's own. */
export async function createIssuer() {
  const pem = createKeyPem();
  const privateKey = createPrivateKey(pem);
  return {
    publicKey: createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString(),
    /** @param {Scope} scope */
    token: ({ ids, keys }) =>
      new SignJWT({ roles: ['store_manager'], allowed_stores: keys, allowed_regions: [] })
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
        .setIssuer('zava-auth')
        .setSubject(`manager of ${ids}`)
        .setAudience('mcp-server')
        .setJti(`bench ${ids}`)
        .setIssuedAt()
        .setExpirationTime('12h')
        .sign(privateKey),
  };
}

/**
 * A server on a database of the run's own, with lanes for its callers.
 *
 * @param {{ main: string, installation: { env: Record<string, string> }, scopes: readonly Scope[], env?: Record<string, string>, cached?: boolean }} options
 */
export async function startScaled({ main, installation, scopes, env = {}, cached = true }) {
  const issuer = await createIssuer();
  const tokens = await Promise.all(scopes.map((scope) => issuer.token(scope)));
  const authentication = { publicKey: issuer.publicKey, token: tokens[0] };
  const server = ours({ authentication, main, cached, env: { ...installation.env, ...env } });
  const { command, args, env: whole, target } = await server.launch();
  const child = startChild(command, args, whole);
  (await firstLane(child, target)).close();
  return {
    child,
    origin: new URL(target.url).origin,
    /** @param {number} count @param {Map<Scope, unknown>} calls */
    lanes: (count, calls) =>
      Array.from({ length: count }, (_, index) => {
        const scope = scopes[index % scopes.length];
        const headers = { Authorization: `Bearer ${tokens[index % scopes.length]}` };
        return { scope, target: { url: target.url, headers }, calls: calls.get(scope) };
      }),
  };
}

/** Connections of the serving process. @param {string} database */
export function connectionsTo(database) {
  return withClient({ name: 'postgres' }, async (admin) => {
    const { rows } = await admin.query(
      `SELECT count(*) AS count FROM pg_stat_activity WHERE datname = $1 AND starts_with(usename, $1 || '_') AND usename <> $1 || '_owner'`,
      [database],
    );
    return Number(rows[0].count);
  });
}
