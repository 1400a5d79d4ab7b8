import { createArtefacts } from '../../backup/artefacts.ts';
import { createAzureBlobStore } from '../../backup/azure-blob-store.ts';
import type { BlobStore } from '../../backup/blob-store.ts';
import { createCatalogue } from '../../backup/catalogue.ts';
import { createFileBlobStore } from '../../backup/file-blob-store.ts';
import { isLoopback } from '../../config/loopback.ts';
import type { Config } from '../../config/schema.ts';
import { AppError } from '../../core/errors.ts';
import type { KeyRing } from '../../vault/key-ring.ts';
import { azureIdentity } from '../secrets.ts';

/** A folder, unless BACKUP_TARGET is the address of a blob container. */
export function openBlobStore(config: Config): BlobStore {
  const { backupTarget: target, azureStorageAccount: name, azureStorageKey: key } = config;
  if (!/^https?:\/\//i.test(target)) return createFileBlobStore(target);
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || url.search !== '' || url.username !== '' || (url.protocol === 'http:' && !isLoopback(url.hostname))) {
    throw new AppError('misconfigured', 'BACKUP_TARGET is not the address of a blob container', {
      hint: 'Write https://<account>.blob.core.windows.net/<container>, without a signature: the key goes into AZURE_STORAGE_KEY.',
    });
  }
  const account = name !== undefined && key !== undefined ? { name, key } : undefined;
  return createAzureBlobStore({ url: target.replace(/\/+$/, ''), account, identity: azureIdentity(config) });
}

/** The backups of an installation: what is there can be listed, read and restored without its database. */
export function openBackupPlace(config: Config, ring: () => KeyRing) {
  const store = openBlobStore(config);
  return { artefacts: createArtefacts({ store, ring }), catalogue: createCatalogue({ store, ring }) };
}
export type BackupPlace = ReturnType<typeof openBackupPlace>;
