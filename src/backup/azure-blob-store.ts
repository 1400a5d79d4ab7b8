import { Readable } from 'node:stream';
import type { ContainerClient } from '@azure/storage-blob';
import { AppError } from '../core/errors.ts';
import { type AzureEndpoint, type AzureIdentity, openAzureCredential } from '../vault/azure-identity.ts';
import { type BlobStore, blobMissing, blobTaken, checkBlobName, type StoredBlob } from './blob-store.ts';

export interface AzureBlobStoreOptions {
  /** Of the container, for example `https://zava.blob.core.windows.net/backups`. It must exist. */
  readonly url: string;
  /** With a key the account is signed in by it; without one, the identity is. */
  readonly account?: { readonly name: string; readonly key: string } | undefined;
  readonly identity: AzureIdentity;
  readonly endpoint?: AzureEndpoint;
}

// 50,000 blocks are the most that a blob takes: 400 GB. Two are in memory at a time.
const blockBytes = 8 * 1024 * 1024;
const statusOf = (error: unknown) => (error as { statusCode?: number }).statusCode;

/**
 * Azure Blob Storage. Blocks that were uploaded are invisible until the list of them is committed, in one step; the service
 * discards those of a dead writer after a week (https://learn.microsoft.com/rest/api/storageservices/put-block-list).
 */
export function createAzureBlobStore({ url, account, identity, endpoint }: AzureBlobStoreOptions): BlobStore {
  let opening: Promise<ContainerClient> | undefined;
  const container = () => {
    opening ??= openContainer();
    return opening;
  };
  // The package is loaded here and not before: a server that keeps backups elsewhere never reads it.
  const openContainer = async () => {
    const azure = await import('@azure/storage-blob');
    const credential =
      account === undefined
        ? await openAzureCredential(identity, endpoint)
        : new azure.StorageSharedKeyCredential(account.name, account.key);
    return new azure.ContainerClient(url, credential, { retryOptions: { maxTries: 4 } });
  };
  const blob = async (name: string) => {
    checkBlobName(name);
    return (await container()).getBlockBlobClient(name);
  };
  return {
    place: url,
    async put(name, body, signal) {
      const client = await blob(name);
      const stream = Readable.from(body, { objectMode: false });
      const conditions = { ifNoneMatch: '*' };
      try {
        await client.uploadStream(stream, blockBytes, 2, { conditions, ...(signal && { abortSignal: signal }) });
      } catch (error) {
        signal?.throwIfAborted();
        throw statusOf(error) === 409 || statusOf(error) === 412 ? blobTaken(name, url, error) : explained(error, url);
      } finally {
        stream.destroy();
      }
    },
    async *get(name, signal) {
      const client = await blob(name);
      try {
        const answer = await client.download(0, undefined, { maxRetryRequests: 5, ...(signal && { abortSignal: signal }) });
        yield* answer.readableStreamBody as AsyncIterable<Buffer>;
      } catch (error) {
        signal?.throwIfAborted();
        throw statusOf(error) === 404 ? blobMissing(name, url, error) : explained(error, url);
      }
    },
    async list() {
      const found: StoredBlob[] = [];
      try {
        for await (const { name, properties } of (await container()).listBlobsFlat()) {
          found.push({ name, bytes: properties.contentLength ?? 0, modifiedAtMs: properties.lastModified.getTime() });
        }
      } catch (error) {
        throw explained(error, url);
      }
      return found;
    },
    async remove(name) {
      try {
        await (await blob(name)).deleteIfExists({ deleteSnapshots: 'include' });
      } catch (error) {
        throw explained(error, url);
      }
    },
    // The service does.
    sweep: async () => {},
  };
}

/** What is not the service's own answer, such as a failing dump, passes as it is. */
function explained(error: unknown, url: string): unknown {
  if (error instanceof AppError) return error;
  const { name, code } = error as { name?: string; code?: string };
  if (name !== 'RestError') return error;
  const refused = [401, 403].includes(statusOf(error) ?? 0);
  return new AppError(
    refused || statusOf(error) === 404 ? 'misconfigured' : 'dependency_unavailable',
    `The blob container ${url} cannot be used (${code ?? statusOf(error) ?? 'no answer'})`,
    {
      hint: refused
        ? 'The identity needs the role "Storage Blob Data Contributor" on it, or AZURE_STORAGE_KEY must be the key of AZURE_STORAGE_ACCOUNT.'
        : 'Check BACKUP_TARGET: https://<account>.blob.core.windows.net/<container>, and that the container exists.',
      cause: error,
    },
  );
}
