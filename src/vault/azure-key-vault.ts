import type { SecretClient } from '@azure/keyvault-secrets';
import { AppError } from '../core/errors.ts';
import { type AzureEndpoint, type AzureIdentity, openAzureCredential } from './azure-identity.ts';
import type { SecretStore } from './secret-store.ts';

export interface AzureKeyVaultOptions {
  readonly url: string;
  readonly identity: AzureIdentity;
  /** For another cloud than the public one, or a stand-in. */
  readonly endpoint?: AzureEndpoint;
}

/** What Key Vault takes for a name. Others cannot be in it. */
const secretName = /^[0-9A-Za-z-]{1,127}$/;

/**
 * Secrets in Azure Key Vault. The Azure packages are loaded with the first secret, so that a server without a vault never
 * reads them. https://learn.microsoft.com/azure/key-vault/secrets/
 */
export function createAzureKeyVaultStore(options: AzureKeyVaultOptions) {
  let opened: Promise<SecretClient> | undefined;
  const client = () => {
    opened ??= openClient(options);
    // What failed to load or to find an identity is tried again.
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  return {
    async get(name: string): Promise<string | undefined> {
      if (!secretName.test(name)) return undefined;
      try {
        return (await (await client()).getSecret(name)).value;
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw refused(`read the secret ${name}`, options.url, error);
      }
    },
    /** A new version; the older ones stay in the vault. */
    async put(name: string, value: string): Promise<void> {
      try {
        await (await client()).setSecret(name, value);
      } catch (error) {
        throw refused(`store the secret ${name}`, options.url, error);
      }
    },
  } satisfies SecretStore & { put: unknown };
}

async function openClient({ url, identity, endpoint }: AzureKeyVaultOptions): Promise<SecretClient> {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  return new SecretClient(url, await openAzureCredential(identity, endpoint), {
    // The domain of the challenge is checked against vault.azure.net, which no other cloud has.
    ...(endpoint && { disableChallengeResourceVerification: true }),
    ...(endpoint?.ca && { tlsOptions: { ca: endpoint.ca } }),
    retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1000 },
  });
}

function statusOf(error: unknown): unknown {
  return (error as { statusCode?: unknown } | undefined)?.statusCode;
}

/** Azure's errors carry the whole request and answer: only their words go on. */
function refused(what: string, url: string, error: unknown): AppError {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const status = statusOf(error);
  const cause = Object.assign(new Error(message), { name, ...(status === undefined ? {} : { code: String(status) }) });
  const { host } = new URL(url);
  // `invalid_client`: RFC 6749, section 5.2, which the identity library passes on in its message.
  const unknownIdentity = name === 'CredentialUnavailableError' || message.includes('invalid_client');
  if (status === 401 || status === 403 || unknownIdentity) {
    return new AppError('misconfigured', `Key Vault ${host} does not let this server ${what}`, {
      hint: 'Give the identity of the server the role "Key Vault Secrets User" (to rotate: "Key Vault Secrets Officer").',
      cause,
    });
  }
  return new AppError('dependency_unavailable', `Key Vault ${host} cannot be asked to ${what} at the moment`, {
    hint: 'Try again shortly.',
    retryAfterMs: 5000,
    cause,
  });
}
