import { randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import { quoteLiteral } from '../core/sql-literal.ts';
import { revokeDangerousFunctions } from './dangerous-functions.ts';
import type { OwnerSession } from './database.ts';
import { paddedKeys, type ScopeSigningKey } from './scope-token.ts';
import { isPostgresError } from './sqlstate.ts';

export interface RolePasswords {
  readonly owner?: string;
  readonly server?: string;
  readonly reader?: string;
  readonly operator?: string;
}

export interface BootstrapOptions {
  /** An administrator's session in the database to be prepared. */
  readonly session: OwnerSession;
  readonly definition: SchemaDefinition;
  readonly prefix: string;
  readonly passwords: RolePasswords;
  readonly signingKey: ScopeSigningKey;
  /** Object id of the managed identity that signs in as the server login, on Azure Database for PostgreSQL. */
  readonly serverPrincipalId?: string | undefined;
}

/** What the administrator could not do here, one line each: the other walls hold without it. */
export type BootstrapNotices = readonly string[];

/** Once per database, by an administrator; run again it changes nothing but what was given anew (passwords, keys). */
export async function bootstrap(options: BootstrapOptions): Promise<BootstrapNotices> {
  const { session, prefix } = options;
  const notices: string[] = [];
  const [me] = await session.query(
    'SELECT rolsuper::text AS superuser, current_database() AS database FROM pg_roles WHERE rolname = current_user',
  );
  const superuser = me?.superuser === 'true';
  const database = quoteIdentifier(me?.database ?? '');

  await createRoles(options, superuser, notices);
  await mapServerPrincipal(options);
  await session.script(`
    REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${database} TO ${allRoles(options).join(', ')};
    GRANT CREATE, TEMPORARY ON DATABASE ${database} TO ${prefix}_owner;`);
  await createExtensions(options, notices);
  await setRoleDefaults(options, database, superuser, notices);
  const retired = await putKeys(options);
  if (retired !== undefined) notices.push(`${retired}. ${retiredRemedy}`);
  if (superuser) await revokeDangerousFunctions(session, prefix);
  else
    notices.push(
      'not a superuser: dangerous built-in functions stay executable by PUBLIC; the guard and the tenant scope hold without this',
    );
  return notices;
}

const readerRoles = ({ definition, prefix }: BootstrapOptions) =>
  definition.readerRoles.map((role) => `${prefix}_${role.suffix}`);
const allRoles = (options: BootstrapOptions) => [
  ...['owner', 'server', 'operator'].map((suffix) => `${options.prefix}_${suffix}`),
  ...readerRoles(options),
];

async function createRoles(options: BootstrapOptions, superuser: boolean, notices: string[]): Promise<void> {
  const { session, prefix, passwords } = options;
  const passwordOf = (role: string) => {
    if (role === `${prefix}_owner`) return passwords.owner;
    if (role === `${prefix}_server`) return passwords.server;
    if (role === `${prefix}_operator`) return passwords.operator;
    return passwords.reader;
  };
  for (const role of allRoles(options)) {
    const [known] = await session.query('SELECT 1 AS known FROM pg_roles WHERE rolname = $1', [role]);
    if (known === undefined) await session.script(`CREATE ROLE ${quoteIdentifier(role)}`);
    const attributes = `LOGIN NOCREATEROLE NOINHERIT ${role === `${prefix}_owner` ? 'CREATEDB' : 'NOCREATEDB'}`;
    const safety = superuser ? ' NOSUPERUSER NOBYPASSRLS' : '';
    const password = passwordOf(role);
    await session.script(
      `ALTER ROLE ${quoteIdentifier(role)} ${attributes}${safety}${password === undefined ? '' : ` PASSWORD ${quoteLiteral(password)}`}`,
    );
  }
  // A managed service's administrator must be a member to hand objects over to the owner.
  if (!superuser) await session.script(`GRANT ${prefix}_owner TO CURRENT_USER`);
  await session.script(`ALTER ROLE ${prefix}_operator INHERIT`);
  await session.script(`GRANT pg_monitor TO ${prefix}_operator`).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    notices.push(
      `pg_monitor could not be granted: health and advice see little until it is (GRANT pg_monitor TO ${prefix}_operator)`,
    );
  });
  if (superuser) await session.script(`ALTER ROLE ${prefix}_operator REPLICATION`);
}

/** https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users: the role keeps its name, Entra ID vouches for it. */
async function mapServerPrincipal({ session, prefix, serverPrincipalId }: BootstrapOptions): Promise<void> {
  if (serverPrincipalId === undefined) return;
  const label = quoteLiteral(`aadauth,oid=${serverPrincipalId},type=service`);
  try {
    await session.script(`SECURITY LABEL FOR "pgaadauth" ON ROLE ${quoteIdentifier(`${prefix}_server`)} IS ${label}`);
  } catch (cause) {
    throw new AppError('misconfigured', `The managed identity could not be mapped to ${prefix}_server`, {
      hint: 'Azure Database for PostgreSQL alone can: switch Entra authentication on there, and run bootstrap as its Entra administrator.',
      cause,
    });
  }
}

/** Extensions get a schema of their own, since nobody may use `public`. */
async function createExtensions(options: BootstrapOptions, notices: string[]): Promise<void> {
  const { session } = options;
  await session.script('CREATE SCHEMA IF NOT EXISTS extensions; REVOKE ALL ON SCHEMA extensions FROM PUBLIC');
  await session.script(`GRANT USAGE ON SCHEMA extensions TO ${allRoles(options).join(', ')}`);
  for (const extension of ['vector', 'pg_trgm']) {
    await placeExtension(session, extension);
  }
  await createHypopg(options, notices);
  // The setting is shown to superusers and members of pg_read_all_settings; for others it is worth trying.
  const [statistics] = await session.query(
    `SELECT 1 AS usable FROM pg_available_extensions WHERE name = 'pg_stat_statements' AND NOT EXISTS (
       SELECT FROM pg_settings WHERE name = 'shared_preload_libraries' AND setting NOT LIKE '%pg_stat_statements%')`,
  );
  if (statistics === undefined) {
    notices.push('pg_stat_statements is not loaded on this server: advice will have no workload statistics');
    return;
  }
  try {
    await placeExtension(session, 'pg_stat_statements');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    notices.push(`${error.message}: advice will have no workload statistics. ${error.hint}`);
    return;
  }
  // It shows every login its own statements, and one login serves all tenants.
  const readers = `${options.prefix}_owner, ${options.prefix}_operator`;
  const statements = `
    REVOKE ALL ON extensions.pg_stat_statements FROM PUBLIC;
    REVOKE ALL ON FUNCTION extensions.pg_stat_statements(boolean) FROM PUBLIC;
    GRANT SELECT ON extensions.pg_stat_statements TO ${readers};
    GRANT EXECUTE ON FUNCTION extensions.pg_stat_statements(boolean) TO ${readers};`;
  await session.script(statements).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    notices.push('pg_stat_statements belongs to somebody else: whoever may read it now, may read it still');
  });
}

/** Lets advice try an index before it is built. What it imagines is seen by its own session alone; still it is nobody else's. */
async function createHypopg({ session, prefix }: BootstrapOptions, notices: string[]): Promise<void> {
  const [available] = await session.query("SELECT 1 AS known FROM pg_available_extensions WHERE name = 'hypopg'");
  // Where it is not, advice says so itself.
  if (available === undefined) return;
  try {
    await placeExtension(session, 'hypopg');
    const members = await session.query(
      `SELECT p.oid::regprocedure::text AS name FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
       JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
       WHERE e.extname = 'hypopg' AND d.deptype = 'e'`,
    );
    for (const { name } of members) {
      await session.script(
        `REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC; GRANT EXECUTE ON FUNCTION ${name} TO ${prefix}_owner, ${prefix}_operator`,
      );
    }
    await session.script('REVOKE ALL ON extensions.hypopg_list_indexes, extensions.hypopg_hidden_indexes FROM PUBLIC');
  } catch (error) {
    if (!(error instanceof AppError) && !isRefusal(error)) throw error;
    notices.push('hypopg could not be set up: advise indexes estimates costs in place of measuring them');
  }
}

async function placeExtension(session: OwnerSession, extension: string): Promise<void> {
  const [place] = await session.query(
    'SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1',
    [extension],
  );
  if (place?.nspname === 'extensions') return;
  const statement =
    place === undefined
      ? `CREATE EXTENSION ${extension} SCHEMA extensions`
      : `ALTER EXTENSION ${extension} SET SCHEMA extensions`;
  try {
    await session.script(statement);
  } catch (error) {
    const hint = isRefusal(error)
      ? `Have a superuser run in this database: ${statement}; (a managed service may have it allow-listed first), then repeat the bootstrap.`
      : 'Install its package on the server, then repeat the bootstrap.';
    throw new AppError('misconfigured', `The extension ${extension} could not be set up`, { hint, cause: error });
  }
}

/** insufficient_privilege: the administrator of a managed service may not do everything. */
const isRefusal = (error: unknown) => isPostgresError(error) && error.code === '42501';

/** Limits live on the login, where a caller's statement cannot lift them for long. */
async function setRoleDefaults(
  options: BootstrapOptions,
  database: string,
  superuser: boolean,
  notices: string[],
): Promise<void> {
  const { session, prefix, definition } = options;
  const searchPath = `pg_catalog, ${definition.schema}, extensions`;
  const limits: Record<string, string> = {
    default_transaction_read_only: 'on',
    statement_timeout: "'30s'",
    lock_timeout: "'5s'",
    idle_in_transaction_session_timeout: "'15s'",
    work_mem: "'8MB'",
    jit: 'off',
    // What decided these is in docs/decisions/0009: rows are in memory, and the row limit leaves planned workers unused.
    max_parallel_workers_per_gather: '0',
    seq_page_cost: '0.2',
    random_page_cost: '0.25',
    search_path: searchPath,
    // The text formats that results are read by, whatever the server's own defaults are.
    timezone: "'UTC'",
    datestyle: "'ISO, YMD'",
    intervalstyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: '1',
  };
  for (const role of readerRoles(options)) {
    for (const [name, value] of Object.entries(limits))
      await session.script(`ALTER ROLE ${role} IN DATABASE ${database} SET ${name} = ${value}`);
    if (superuser) await session.script(`ALTER ROLE ${role} IN DATABASE ${database} SET temp_file_limit = '1GB'`);
  }
  if (!superuser) notices.push('not a superuser: temp_file_limit is not set for the reader logins');
  await session.script(`
    ALTER ROLE ${prefix}_server IN DATABASE ${database} SET search_path = ${searchPath};
    ALTER ROLE ${prefix}_server IN DATABASE ${database} SET statement_timeout = '30s';
    ALTER ROLE ${prefix}_server IN DATABASE ${database} SET idle_in_transaction_session_timeout = '15s';
    ALTER ROLE ${prefix}_server IN DATABASE ${database} SET jit = off;`);
}

const bindingKid = 'transaction-binding';

type KeyOptions = Pick<BootstrapOptions, 'session' | 'prefix' | 'signingKey'>;

const retiredRemedy =
  'A server that signs with it is answered nothing: give it the current key, or a new one under another name (zava-mcp-server keys rotate --scope)';

/** For a server that is about to sign with the key. */
export async function installKeys(options: KeyOptions): Promise<void> {
  const retired = await putKeys(options);
  if (retired !== undefined) throw new AppError('misconfigured', retired, { hint: `${retiredRemedy}.` });
}

/**
 * Two kinds of key: `sign` is shared with the server, `bind` never leaves the database. A signing key that a rotation has
 * retired stays so, whoever gives it again: then the answer says so.
 */
async function putKeys({ session, prefix, signingKey }: KeyOptions): Promise<string | undefined> {
  await session.script(`
    CREATE SCHEMA IF NOT EXISTS keys;
    REVOKE ALL ON SCHEMA keys FROM PUBLIC;
    CREATE TABLE IF NOT EXISTS keys.scope_keys (
      kid text PRIMARY KEY CHECK (kid ~ '^[A-Za-z0-9_-]+$'),
      purpose text NOT NULL CHECK (purpose IN ('sign', 'bind')),
      inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
      outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64),
      valid_from timestamptz NOT NULL DEFAULT now(),
      valid_to timestamptz NOT NULL DEFAULT 'infinity'
    );
    REVOKE ALL ON keys.scope_keys FROM PUBLIC;
    ALTER SCHEMA keys OWNER TO ${prefix}_owner;
    ALTER TABLE keys.scope_keys OWNER TO ${prefix}_owner;`);
  if (signingKey.kid === bindingKid) throw new AppError('misconfigured', `A signing key cannot be called ${bindingKid}`);
  const put = async (kid: string, purpose: 'sign' | 'bind', key: Uint8Array, onConflict: string) => {
    const { innerPad, outerPad } = paddedKeys(key);
    await session.query(
      `INSERT INTO keys.scope_keys (kid, purpose, inner_pad, outer_pad)
       VALUES ($1, $2, decode($3, 'hex'), decode($4, 'hex')) ON CONFLICT (kid) DO ${onConflict}`,
      [kid, purpose, innerPad.toString('hex'), outerPad.toString('hex')],
    );
  };
  await put(
    signingKey.kid,
    'sign',
    signingKey.key,
    "UPDATE SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad WHERE scope_keys.valid_to = 'infinity'",
  );
  await put(bindingKid, 'bind', randomBytes(32), 'NOTHING');
  return retirementOf(session, signingKey.kid);
}

async function retirementOf(session: OwnerSession, kid: string): Promise<string | undefined> {
  const [retired] = await session.query(
    `SELECT to_char(k.valid_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS ended, (k.valid_to <= clock_timestamp())::text AS over,
       (SELECT c.kid FROM keys.scope_keys c WHERE c.purpose = 'sign' AND c.valid_to = 'infinity' ORDER BY c.valid_from DESC LIMIT 1) AS current
     FROM keys.scope_keys k WHERE k.kid = $1 AND k.valid_to <> 'infinity'`,
    [kid],
  );
  if (retired === undefined) return undefined;
  const end = `${retired.over === 'true' ? 'was retired' : 'is being retired, it ends'} on ${retired.ended} UTC`;
  return `The signing key ${kid} ${end} and stays so; the current key is ${retired.current ?? 'none at all'}`;
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
