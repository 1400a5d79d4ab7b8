import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/app/adapters.ts';
import { openKeys, type SecretPlaces, scopeKey } from '../../src/app/secrets.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { type RotateFlags, rotateKeys } from '../../src/cli/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { lockDataDir } from '../../src/postgres/data-dir-lock.ts';
import type { Database } from '../../src/postgres/database.ts';
import { createScopeSigner, type ScopeSigningKey } from '../../src/postgres/scope-token.ts';
import { loadColumnLabels } from '../../src/query/column-labels.ts';
import { createExecute } from '../../src/query/execute.ts';
import { createGuard } from '../../src/query/guard.ts';
import { createRunQuery } from '../../src/query/run-query.ts';
import { loadTypeCatalog } from '../../src/query/type-catalog.ts';
import { parseKeyRing } from '../../src/vault/key-ring.ts';
import { copyOfPreparedDataDir, newFolder, removeFolder } from '../e2e/product.ts';
import { type RealInstallation, realInstallation, realServer } from '../e2e/real-installation.ts';
import { httpStack } from '../support/mcp-stack.ts';
import { postLegacy } from '../support/raw-mcp.ts';
import { startKeyVaultStandIn } from '../vault/key-vault-stand-in.ts';
import { runVerb } from './command-line.ts';

const { definition } = retailSchema;
const base64 = () => randomBytes(32).toString('base64');
const newName = /^k\d{8}-[0-9a-f]{8}$/;

const folders: string[] = [];
let DATA_DIR = '';
beforeEach(async () => {
  DATA_DIR = await newFolder();
  folders.push(DATA_DIR);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(() => Promise.all(folders.map(removeFolder)));

/** The verb with what no command line can name; what it writes is kept from the terminal. */
async function rotate(flags: RotateFlags, env: Readonly<Record<string, string>>, places: SecretPlaces = {}) {
  for (const name of Object.keys(process.env)) if (/^(ZAVA_|POSTGRES_|AZURE_)/.test(name)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      output[name] += String(chunk);
      return true;
    });
  }
  try {
    return { code: await rotateKeys(flags, { places }), ...output };
  } finally {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  }
}

/** The stores that the database takes from a token of this key. */
async function verifiedIds(database: Database, key: ScopeSigningKey): Promise<readonly number[]> {
  const scopeToken = createScopeSigner({ signingKey: () => key, clock: systemClock })([1, 2]);
  const limits = { maxRows: 1, maxBytes: 1000 };
  return (await database.runAsTenant({ reader: 'reader', scopeToken, text: 'SELECT 1 AS one', limits, timeoutMs: 5000 }))
    .verifiedTenantIds;
}

describe('keys rotate', () => {
  const file = () => join(DATA_DIR, 'keys', 'encryption.key');

  test('gives this machine a new encryption key in front of the old, and shows neither', async () => {
    const first = await runVerb(['keys', 'rotate'], { DATA_DIR });
    expect(first).toMatchObject({ code: 0, stdout: '' });
    const old = await readFile(file(), 'utf8');
    const { code, stdout, stderr } = await runVerb(['keys', 'rotate', '--json'], { DATA_DIR });
    expect(code).toBe(0);
    const ring = await readFile(file(), 'utf8');
    expect(ring.endsWith(` ${old}`)).toBe(true);
    const { ids } = parseKeyRing(ring, 'x');
    expect(JSON.parse(stdout)).toEqual({ purpose: 'encryption', keyId: ids[0], keptIn: 'file', name: file(), keyIds: ids });
    expect(stderr).toContain(`has the new key ${ids[0]} in front. It encrypts; all 2 keys decrypt.`);
    expect(((await stat(file())).mode & 0o777).toString(8)).toBe('600');
    for (const key of ring.split(' ')) expect(first.stderr + stdout + stderr).not.toContain(key.split(':')[1]);
  });

  test('needs no database, and does not mind a server that runs', async () => {
    const lock = await lockDataDir(DATA_DIR);
    expect(await runVerb(['keys', 'rotate'], { DATA_DIR })).toMatchObject({ code: 0 });
    await lock?.release();
  });

  test('leaves a ring alone that it cannot read', async () => {
    await runVerb(['keys', 'rotate'], { DATA_DIR });
    await writeFile(file(), 'k1:broken');
    const { code, stderr } = await runVerb(['keys', 'rotate'], { DATA_DIR });
    expect(code).toBe(78);
    expect(stderr).toContain('the key k1 has 4 bytes');
    expect(stderr).not.toContain('broken');
    expect(await readFile(file(), 'utf8')).toBe('k1:broken');
  });

  test.each([
    ['--overlap without --scope', ['--overlap', '5'], /--overlap belongs to --scope/],
    ['an overlap of more than a day', ['--scope', '--overlap', '86401'], /86400/],
    ['keys without a verb of its own', undefined, /rotate/],
  ])('refuses %s as bad usage', async (_what, flags, told) => {
    const { code, stderr } = await runVerb(flags === undefined ? ['keys'] : ['keys', 'rotate', ...flags], { DATA_DIR });
    expect(stderr).toMatch(told);
    expect(code).toBe(2);
  });

  describe('where the secret is not ours to write', () => {
    const key = base64();
    test.each([
      ['DEV_ENCRYPTION_KEY', [], {}, ['Put it in front of what DEV_ENCRYPTION_KEY holds', 'restart them']],
      ['MY_KEY', [], { ENCRYPTION_KEY_SECRET_NAME: 'MY_KEY' }, ['Put it in front of what MY_KEY holds', 'restart them']],
      [
        'MY_KEY',
        ['--scope'],
        { SCOPE_SIGNING_KEY_SECRET_NAME: 'MY_KEY' },
        ['run bootstrap with MY_KEY set to it', 'restart them', 'UPDATE keys.scope_keys SET valid_to = now()'],
      ],
    ])('tells the steps for %s %j', async (variable, flags, env, steps) => {
      const { code, stdout, stderr } = await runVerb(['keys', 'rotate', ...flags], { DATA_DIR, ...env, [variable]: `k1:${key}` });
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
      expect(stderr).toContain(`The variable ${variable} of the environment cannot be replaced from here`);
      expect(stderr).toMatch(/echo "k\d{8}-[0-9a-f]{8}:\$\(openssl rand -base64 32\)"/);
      for (const step of steps) expect(stderr).toContain(step);
      expect(stderr).not.toContain(key);
    });

    test('tells that servers read a mounted file by themselves', async () => {
      await writeFile(join(DATA_DIR, 'enc'), `k1:${key}`);
      const rotation = rotate({}, { DATA_DIR, ENCRYPTION_KEY_SECRET_NAME: 'enc' }, { mounted: DATA_DIR });
      await expect(rotation).rejects.toMatchObject({
        code: 'misconfigured',
        message: 'The mounted file enc cannot be replaced from here',
        hint: expect.stringContaining('they read it within 30 seconds'),
      });
    });
  });

  test('puts a new version into Key Vault, the first key too, and tells the audit trail', async () => {
    const vault = await startKeyVaultStandIn({});
    const env = {
      ...{ DATA_DIR, ENCRYPTION_KEY_SECRET_NAME: 'enc', AZURE_KEY_VAULT_URL: vault.url },
      ...{ AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client', AZURE_CLIENT_SECRET: vault.state.secret },
    };
    const places = { vaultEndpoint: { authorityHost: vault.url, ca: vault.ca } };
    const first = await rotate({ json: true }, env, places);
    const second = await rotate({ json: true }, env, places);
    const { ids } = parseKeyRing(vault.state.values.enc ?? '', 'x');
    expect(ids).toEqual([ids[0], JSON.parse(first.stdout).keyId]);
    const waiting = (await readFile(join(DATA_DIR, 'audit', 'unwritten.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(waiting.map((line) => JSON.parse(line))).toMatchObject(
      ids.toReversed().map((id) => ({ action: 'key_rotation', detail: { purpose: 'encryption', rotated: id } })),
    );
    expect(ids[0]).toMatch(newName);
    expect(JSON.parse(second.stdout)).toMatchObject({ keptIn: 'Key Vault', name: 'enc', keyIds: ids });
    expect(second.stderr).toContain('The secret enc in Key Vault has the new key');
    const everything = JSON.stringify([first, second]);
    for (const key of vault.state.values.enc?.split(' ') ?? []) expect(everything).not.toContain(key.split(':')[1]);
    vault.state.status = 403;
    await expect(rotate({}, env, places)).rejects.toMatchObject({ code: 'misconfigured' });
    await vault.close();
  });
});

describe('keys rotate --scope on the embedded database', () => {
  const configOf = () => loadConfig({ serving: 'nothing' }, { DATA_DIR });
  beforeEach(async () => {
    DATA_DIR = await copyOfPreparedDataDir();
    folders.push(DATA_DIR);
  }, 120_000);

  /** What a server does at its start: take its key, open the database with it. */
  async function served<T>(work: (database: Database, key: ScopeSigningKey) => Promise<T>): Promise<T> {
    const key = await scopeKey(configOf());
    const { database } = await openDatabase({ config: configOf(), served: retailSchema, key });
    try {
      return await work(database, key);
    } finally {
      await database.close();
    }
  }

  test('between two runs of a server: the new key is good, the old one is not, and nobody can bring it back', async () => {
    const old = await served(async (database, key) => {
      expect(await verifiedIds(database, key)).toEqual([1, 2]);
      return key;
    });
    const { code, stdout, stderr } = await rotate({ scope: true, json: true }, { DATA_DIR });
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { keyId: string };
    expect(result).toEqual({
      purpose: 'scope',
      keyId: expect.stringMatching(newName),
      keptIn: 'file',
      name: join(DATA_DIR, 'keys', 'scope-signing.key'),
      othersEndAfterSeconds: 0,
    });
    expect(stderr).toMatch(/accepts the new key .* beside the present one.*holds it.*Every other key has ended\./s);
    expect(stderr + stdout).not.toContain(Buffer.from(old.key).toString('base64'));

    await served(async (database, key) => {
      expect(key.kid).toBe(result.keyId);
      expect(await verifiedIds(database, key)).toEqual([1, 2]);
      expect(await verifiedIds(database, old)).toEqual([]);
    });
    const revived = openDatabase({ config: configOf(), served: retailSchema, key: old });
    await expect(revived).rejects.toMatchObject({ code: 'misconfigured', message: expect.stringContaining('was retired') });
    await served(async (database, key) => expect(await verifiedIds(database, key)).toEqual([1, 2]));

    const trail = await runVerb(['audit', 'export'], { DATA_DIR });
    expect(trail.stdout).toContain(
      `"action":"key_rotation","outcome":"done","detail":{"purpose":"scope","rotated":"${result.keyId}"}`,
    );
  }, 60_000);

  test('is refused while a server holds the database, and changes nothing then', async () => {
    const before = await scopeKey(configOf());
    const lock = await lockDataDir(DATA_DIR);
    const { code, stderr } = await runVerb(['keys', 'rotate', '--scope'], { DATA_DIR });
    await lock?.release();
    expect(code).toBe(1);
    expect(stderr).toContain('Another process uses');
    expect(await scopeKey(configOf())).toEqual(before);
  }, 60_000);
});

describe.skipIf(realServer === undefined)('keys rotate --scope on a real PostgreSQL', () => {
  let own: RealInstallation;
  beforeAll(async () => {
    own = await realInstallation('zavakeys');
    expect(await runVerb(['bootstrap', '--admin-url', own.adminUrl], own.env)).toMatchObject({ code: 0 });
    expect(await runVerb(['migrate'], own.env)).toMatchObject({ code: 0 });
    expect(await runVerb(['seed', '--scale', '30'], own.env)).toMatchObject({ code: 0 });
  }, 120_000);
  afterAll(() => own.drop());

  test('no call to a serving process fails, and after the overlap the old key is worth nothing', async () => {
    const config = loadConfig({ serving: 'nothing' }, own.env);
    const noted: Observation[] = [];
    const keys = await openKeys(config, (one) => void noted.push(one), { refreshMs: 100 });
    const old = keys.scopeKey();
    const { database } = await openDatabase({ config, served: retailSchema, key: old });
    const types = await loadTypeCatalog(database);
    const server = await httpStack({
      runQuery: createRunQuery({
        definition,
        guard: await createGuard({ definition, serverMajor: database.serverMajor }),
        execute: createExecute({
          database,
          signScope: createScopeSigner({ signingKey: keys.scopeKey, clock: systemClock }),
          ...{ maxRows: 10, maxBytes: 10_000, timeoutMs: 5000 },
        }),
        types,
        labelColumns: await loadColumnLabels(database, definition, types),
        maxBytes: 10_000,
        clock: systemClock,
      }),
    });
    const question = { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT DISTINCT store_id FROM orders' } };
    const ask = async () => (await postLegacy(server.mcpUrl, 'tools/call', question)).text();
    const answers: string[] = [];
    let serving = true;
    const calling = (async () => {
      while (serving) answers.push(await ask());
    })();
    await expect.poll(() => answers.length).toBeGreaterThan(3);

    const { code, stdout, stderr } = await rotate({ scope: true, overlap: 4, json: true }, own.env);
    expect(code).toBe(0);
    expect(stderr).toContain('Every other key ends in 4 seconds.');
    expect(await verifiedIds(database, old)).toEqual([1, 2]);
    await expect.poll(() => keys.scopeKey().kid, { timeout: 3500 }).toBe(JSON.parse(stdout).keyId);
    await expect.poll(() => verifiedIds(database, old), { timeout: 30_000 }).toEqual([]);
    const asked = answers.length;
    await expect.poll(() => answers.length).toBeGreaterThan(asked + 3);

    serving = false;
    await calling;
    await server.close();
    await database.close();
    keys.close();
    expect(answers.filter((answer) => !answer.includes('"rows":[[1]]'))).toEqual([]);
    expect(answers.length).toBeGreaterThan(20);
    expect(noted).toEqual([]);
  }, 60_000);

  test('a bootstrap with the old key says so and does not bring it back', async () => {
    const rows = async () => {
      const admin = await own.admin();
      const found = await admin.query("SELECT kid, valid_to FROM keys.scope_keys WHERE valid_to <> 'infinity' ORDER BY kid");
      await admin.close();
      return found;
    };
    const before = await rows();
    const env = { ...own.env, SCOPE_SIGNING_KEY_SECRET_NAME: 'OLD', OLD: `${before[0]?.kid}:${base64()}` };
    const { code, stderr } = await runVerb(['bootstrap', '--admin-url', own.adminUrl], env);
    expect(code).toBe(0);
    expect(stderr).toMatch(new RegExp(`Note: The signing key ${before[0]?.kid} was retired on .*; the current key is k\\d{8}-`));
    expect(await rows()).toEqual(before);
  });

  test('needs the owner, in a database that bootstrap has prepared', async () => {
    const { POSTGRES_OWNER_URL: owner = '', ...rest } = own.env;
    expect(await runVerb(['keys', 'rotate', '--scope'], rest)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('This command needs POSTGRES_OWNER_URL'),
    });
    const elsewhere = { ...own.env, POSTGRES_OWNER_URL: own.env.POSTGRES_OPERATOR_URL ?? owner };
    expect(await runVerb(['keys', 'rotate', '--scope'], elsewhere)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('The database takes no signing key from this login'),
    });
  });

  test('keeps the key in Key Vault where the secret is there', async () => {
    const config = loadConfig({ serving: 'nothing' }, own.env);
    const present = await scopeKey(config);
    const vault = await startKeyVaultStandIn({ scope: `${present.kid}:${Buffer.from(present.key).toString('base64')}` });
    const env = {
      ...{ ...own.env, SCOPE_SIGNING_KEY_SECRET_NAME: 'scope', AZURE_KEY_VAULT_URL: vault.url },
      ...{ AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client', AZURE_CLIENT_SECRET: vault.state.secret },
    };
    const places = { vaultEndpoint: { authorityHost: vault.url, ca: vault.ca } };
    const { stdout, stderr } = await rotate({ scope: true, overlap: 60, json: true }, env, places);
    expect(vault.state.values.scope).toMatch(new RegExp(`^${JSON.parse(stdout).keyId}:`));
    expect(stderr).toContain('The secret scope in Key Vault holds it');
    const { database } = await openDatabase({ config, served: retailSchema, key: present });
    const current = await scopeKey(loadConfig({ serving: 'nothing' }, env), places);
    expect([await verifiedIds(database, present), await verifiedIds(database, current)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    await database.close();
    await vault.close();
  });
});
