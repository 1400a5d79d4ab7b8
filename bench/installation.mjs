// The product's own installation to measure: database, roles, keys and token, made once by its command line and kept.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importPKCS8, SignJWT } from 'jose';
import pg from 'pg';
import { benchCache, checkout, cleanEnvironment, progress, runCommand, services } from './places.mjs';

export const database = 'zavabench';
export const peersDatabase = 'zavabench_peers';
export const peerLogin = 'zavabench_peer';
const digestSources = ['migrations', 'data', 'src/retail/sample-data'];

/** Changes whenever something does that the data follow from. */
function digestOfSources() {
  const hash = createHash('sha256');
  const add = (path) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(path.slice(checkout.length)).update(readFileSync(path));
  };
  for (const source of digestSources) add(join(checkout, source));
  return hash.digest('hex').slice(0, 16);
}

/** Texts that stay the same from run to run, in files that only this user reads. */
function kept(name, create) {
  mkdirSync(benchCache, { recursive: true, mode: 0o700 });
  const path = join(benchCache, name);
  if (!existsSync(path)) writeFileSync(path, create(), { mode: 0o600 });
  return readFileSync(path, 'utf8');
}

/** @param {{ name: string, login?: string, password?: string, adminUrl?: URL }} options @returns {Promise<pg.Client>} all values as text */
export async function connect({ name, login, password, adminUrl = services().adminUrl }) {
  const client = new pg.Client({
    host: adminUrl.hostname,
    port: Number(adminUrl.port),
    database: name,
    user: login ?? decodeURIComponent(adminUrl.username),
    password: password ?? decodeURIComponent(adminUrl.password),
    types: { getTypeParser: () => (text) => text },
  });
  await client.connect();
  return client;
}

export async function withClient(options, work) {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Environment in which the product's command line meets this installation. */
export function installationEnvironment() {
  const { adminUrl } = services();
  const passwords = kept('password', () => randomBytes(18).toString('base64url'));
  const loginUrl = (role) => `postgresql://${database}_${role}:${passwords}@${adminUrl.host}/${database}`;
  return {
    DATA_DIR: join(benchCache, 'data-dir'),
    POSTGRES_HOST: adminUrl.hostname,
    POSTGRES_PORT: adminUrl.port,
    POSTGRES_DB: database,
    POSTGRES_SSL_MODE: 'disable',
    POSTGRES_ROLE_PREFIX: database,
    POSTGRES_PASSWORD: passwords,
    POSTGRES_OWNER_URL: loginUrl('owner'),
    POSTGRES_OPERATOR_URL: loginUrl('operator'),
    SCOPE_SIGNING_KEY_SECRET_NAME: 'bench-scope-key',
    BENCH_SCOPE_KEY: kept('scope-key', () => `bench:${randomBytes(32).toString('base64')}`),
  };
}

export const readerPassword = () => installationEnvironment().POSTGRES_PASSWORD;

/**
 * Makes what is missing or outdated: 50,000 customers take some minutes. Roles and their settings are brought up to date always.
 *
 * @param {{ main: string }} options
 * @returns {Promise<string>} digest of the data
 */
export async function prepareInstallation({ main }) {
  const digest = digestOfSources();
  const present = await withClient({ name: 'postgres' }, async (admin) => {
    const { rows } = await admin.query(
      `SELECT shobj_description(oid, 'pg_database') AS digest FROM pg_database WHERE datname = '${database}'`,
    );
    if (rows[0]?.digest === digest) return true;
    if (rows.length > 0) progress(`the data of ${database} are outdated: making them again`);
    await dropInstallation(admin);
    return false;
  });
  const { adminUrl } = services();
  const env = cleanEnvironment({ ...installationEnvironment(), PGPASSWORD: decodeURIComponent(adminUrl.password) });
  const address = `postgresql://${adminUrl.username}@${adminUrl.host}/postgres`;
  for (const args of [['bootstrap', '--admin-url', address], ...(present ? [] : [['migrate'], ['seed', '--full']])]) {
    if (!present) progress(`zava-mcp-server ${args.join(' ')}`);
    await runCommand(process.execPath, [main, ...args], { env, loud: !present });
  }
  if (present) return digest;
  await withClient({ name: database }, (admin) => admin.query('VACUUM ANALYZE'));
  await withClient({ name: 'postgres' }, (admin) => admin.query(`COMMENT ON DATABASE ${database} IS '${digest}'`));
  return digest;
}

async function dropInstallation(admin) {
  for (const name of [peersDatabase, database]) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  const { rows } = await admin.query('SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)', [`${database}_`]);
  for (const { rolname } of rows) await admin.query(`DROP OWNED BY ${rolname}; DROP ROLE ${rolname}`);
}

/** @returns {Promise<{ id: number, name: string, key: string }>} the tenant whose manager asks everything */
export function tenant(name) {
  return withClient({ name: database }, async (admin) => {
    const { rows } = await admin.query('SELECT store_id, store_name, rls_user_id FROM retail.stores WHERE store_name ILIKE $1', [
      `%${name}%`,
    ]);
    const [{ store_id, store_name, rls_user_id }] = rows;
    return { id: Number(store_id), name: store_name, key: rls_user_id };
  });
}

/** A private key as text: a pair as Node makes it shares a lock with its maker (test/support/key-pair.ts). */
export const createKeyPem = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;

/** A real issuer's part: a key pair of the harness's own and a token for one store's manager. @param {string} tenantKey */
export async function authentication(tenantKey) {
  const pem = kept('issuer.pem', createKeyPem);
  const token = await new SignJWT({ roles: ['store_manager'], allowed_stores: [tenantKey], allowed_regions: [] })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
    .setIssuer('zava-auth')
    .setSubject('bench')
    .setAudience('mcp-server')
    .setJti('bench')
    .setIssuedAt()
    .setExpirationTime('12h')
    .sign(await importPKCS8(pem, 'RS256'));
  return { publicKey: createPublicKey(pem).export({ type: 'spki', format: 'pem' }), token };
}
