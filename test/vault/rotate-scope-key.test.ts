import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { addScopeKey, retireOtherScopeKeys } from '../../src/postgres/scope-keys.ts';
import { createScopeSigner } from '../../src/postgres/scope-token.ts';
import { createFileSecretStore } from '../../src/vault/file-secrets.ts';
import { keepRefreshed } from '../../src/vault/refreshed.ts';
import { replaceSecretFile } from '../../src/vault/replace-file.ts';
import { rotateScopeKey } from '../../src/vault/rotate-scope-key.ts';
import { formatScopeKey, scopeKeyFromSecret } from '../../src/vault/scope-key.ts';
import { onEveryDatabase, signingKey, type TestDatabase } from '../support/databases.ts';

const folder = await mkdtemp(join(tmpdir(), 'rotate-'));
afterAll(() => rm(folder, { recursive: true }));

test('a replaced secret file is never half there, and is closed to others', async () => {
  const path = join(folder, 'some.key');
  await replaceSecretFile(path, 'old');
  await replaceSecretFile(path, 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
  expect((await stat(path)).mode & 0o077).toBe(0);
  expect(await readdir(folder)).toEqual(['some.key']);
  await expect(replaceSecretFile(join(folder, 'missing', 'x'), 'y')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a failure on the way leaves the old key in force', async () => {
  const steps: string[] = [];
  const rotation = rotateScopeKey({
    install: async () => void steps.push('install'),
    store: async () => {
      throw new Error('the vault is away');
    },
    retireOthers: async () => void steps.push('retire'),
    nowMs: 0,
  });
  await expect(rotation).rejects.toThrow('the vault is away');
  expect(steps).toEqual(['install']);
});

onEveryDatabase('rotating the key of tenant scopes', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('no call fails while a serving process goes over to the new key, and then the old key is worth nothing', async () => {
    const path = join(folder, `scope-${db.database.kind}-${db.database.serverMajor}`);
    const name = path.slice(folder.length + 1);
    await replaceSecretFile(path, formatScopeKey(signingKey));
    const secrets = createFileSecretStore(folder);
    const key = await keepRefreshed({ load: () => scopeKeyFromSecret(secrets, name), everyMs: 50, onFailure: () => {} });
    const sign = createScopeSigner({ signingKey: () => key.current(), clock: systemClock });
    const ids = async (scopeToken: string) => (await db.asStores([], 'SELECT 1 AS one', { scopeToken })).verifiedTenantIds;
    const failed: unknown[] = [];
    let calls = 0;
    let serving = true;
    const server = (async () => {
      while (serving) {
        const verified = await ids(sign([1, 2]));
        calls += 1;
        if (verified.join() !== '1,2') failed.push(verified);
      }
    })();

    const rotated = await rotateScopeKey({
      install: (added) => addScopeKey(db.owner, added),
      store: (text) => replaceSecretFile(path, text),
      retireOthers: (kid, afterMs) => retireOtherScopeKeys(db.owner, kid, afterMs),
      nowMs: Date.parse('2026-11-22'),
      overlapMs: 1_500,
    });
    const old = createScopeSigner({ signingKey: () => signingKey, clock: systemClock });
    expect(rotated.kid).toMatch(/^k20261122-[0-9a-f]{8}$/);
    expect(await ids(old([1]))).toEqual([1]);
    await expect.poll(() => key.current().kid, { timeout: 1_400 }).toBe(rotated.kid);
    await expect.poll(() => ids(old([1])), { timeout: 10_000 }).toEqual([]);
    expect(await ids(sign([1]))).toEqual([1]);
    serving = false;
    await server;
    key.close();
    expect(failed).toEqual([]);
    expect(calls).toBeGreaterThan(5);
  });

  test('a second rotation does not lengthen the life of a key that is ending, and a day later only the name of an ended key is left', async () => {
    const validTo = async (kid: string) =>
      (await db.owner.query('SELECT valid_to::text AS until FROM keys.scope_keys WHERE kid = $1', [kid]))[0]?.until;
    await addScopeKey(db.owner, { kid: 'ending', key: Buffer.alloc(32, 3) });
    await retireOtherScopeKeys(db.owner, 'none-of-them', 60_000);
    const before = await validTo('ending');
    expect(before).not.toBe('infinity');
    await retireOtherScopeKeys(db.owner, 'none-of-them', 600_000);
    expect(await validTo('ending')).toBe(before);
    await db.owner.query("UPDATE keys.scope_keys SET valid_to = now() - interval '25 hours' WHERE kid = 'ending'");
    const padOf = async (kid: string) =>
      (await db.owner.query('SELECT inner_pad::text AS pad FROM keys.scope_keys WHERE kid = $1', [kid]))[0]?.pad;
    const material = await padOf('ending');
    await retireOtherScopeKeys(db.owner, 'none-of-them', 0);
    expect(await validTo('ending')).toBeDefined();
    expect(await padOf('ending')).not.toBe(material);
    expect(await db.owner.query("SELECT kid FROM keys.scope_keys WHERE purpose = 'bind'")).toHaveLength(1);
  });

  test('a login that is not the owner, and a database without keys, are told apart from a fault', async () => {
    const refused = { code: 'misconfigured', hint: expect.stringContaining('POSTGRES_OWNER_URL') };
    for (const change of [`SET LOCAL ROLE ${db.role('server')}`, 'DROP TABLE keys.scope_keys CASCADE']) {
      await db.admin.script(`BEGIN; ${change}`);
      await expect(addScopeKey(db.admin, { kid: 'mine', key: Buffer.alloc(32, 4) })).rejects.toMatchObject(refused);
      await db.admin.script('ROLLBACK');
    }
    await expect(addScopeKey(db.owner, { kid: 'no.name', key: Buffer.alloc(32, 4) })).rejects.toMatchObject({ code: '23514' });
  });
});
