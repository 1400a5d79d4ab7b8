import { expect, test } from 'vitest';
import { backupName, isBackupName, parseManifest, requireBackupName } from '../../src/backup/manifest.ts';
import { manifestOf } from './samples.ts';

test('a name says the kind and the second, in UTC', () => {
  expect(backupName('full', Date.UTC(2026, 10, 26, 2, 0, 59, 999))).toBe('zava_backup_full_20261126_020059');
  expect(backupName('incremental', Date.UTC(2027, 0, 1))).toBe('zava_backup_incremental_20270101_000000');
});

test.each([
  '',
  'zava_backup_full_2026',
  '../zava_backup_full_20261126_020059',
  'zava_backup_full_20261126_020059/..',
  'zava_backup_other_20261126_020059',
])('%j is not the name of a backup', (name) => {
  expect(isBackupName(name)).toBe(false);
  expect(() => requireBackupName(name)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('a manifest comes back as it was written, and nothing else is taken for one', () => {
  const manifest = manifestOf('zava_backup_full_20261126_020059');
  expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
  for (const text of ['', '{}', 'null', JSON.stringify({ ...manifest, version: 2 }), JSON.stringify({ ...manifest, parts: [] })])
    expect(parseManifest(text)).toBeUndefined();
});
