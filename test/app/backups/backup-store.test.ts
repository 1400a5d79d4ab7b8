import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBackupPlace, openBlobStore } from '../../../src/app/backups/backup-store.ts';
import { restoreConnection } from '../../../src/app/backups/server-backups.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { all, bytes, ring } from '../../backup/samples.ts';
import { startBlobEmulator } from '../../support/blob-emulator.ts';

const configOf = (env: Readonly<Record<string, string>>) => loadConfig({ serving: 'nothing' }, env);

test('a target is a folder, unless it is an address', () => {
  const folder = join(tmpdir(), 'zava-nowhere');
  expect(openBlobStore(configOf({ BACKUP_TARGET: folder })).place).toBe(folder);
  const url = 'https://zava.blob.core.windows.net/backups';
  expect(openBlobStore(configOf({ BACKUP_TARGET: `${url}/` })).place).toBe(url);
});

test.each([
  ['plain HTTP to another machine', 'http://zava.example.com/backups'],
  ['a signature, which would be in every log', 'https://zava.blob.core.windows.net/backups?sig=c2VjcmV0'],
  ['a password', 'https://me:secret@zava.blob.core.windows.net/backups'],
  ['no address after all', 'https://'],
])('%s is refused, and not repeated', (_what, target) => {
  const open = () => openBlobStore(configOf({ BACKUP_TARGET: target }));
  expect(open).toThrow(
    expect.objectContaining({ code: 'misconfigured', message: 'BACKUP_TARGET is not the address of a blob container' }),
  );
});

test('with the settings of a storage account, parts are kept there, sealed', async () => {
  const emulator = await startBlobEmulator();
  const { name, key } = emulator.account;
  const settings = { BACKUP_TARGET: await emulator.newContainer(), AZURE_STORAGE_ACCOUNT: name, AZURE_STORAGE_KEY: key };
  const config = configOf(settings);
  const { artefacts } = openBackupPlace(config, ring);
  const part = await artefacts.write('zava_backup_full_20261126_020000', 'dump', bytes('rows of everybody'));
  expect((await all(artefacts.read(part))).toString()).toBe('rows of everybody');
  const stored = await all(openBlobStore(config).get(part.blob));
  expect(stored.byteLength).toBe(part.bytes);
  expect(stored.includes('rows of')).toBe(false);
  await emulator.close();
});

test('where a restore leads: a name beside the owner’s database, or an address; the password of the same login comes along', () => {
  const owned = configOf({ POSTGRES_OWNER_URL: 'postgresql://zava_owner:s%40cret@db.example.com:5433/zava' });
  expect(restoreConnection(owned, 'scratch')).toMatchObject({
    address: { host: 'db.example.com', port: 5433, database: 'scratch' },
    login: { user: 'zava_owner', password: 's@cret' },
  });
  const elsewhere = restoreConnection(owned, 'postgresql://zava_owner@other.example.com/new');
  expect(elsewhere).toMatchObject({ address: { host: 'other.example.com', database: 'new' }, login: { password: 's@cret' } });
  expect(() => restoreConnection(configOf({}), 'scratch')).toThrow(expect.objectContaining({ code: 'misconfigured' }));
});
