import type { TokenCredential } from '@azure/identity';

export interface AzureIdentity {
  readonly tenantId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** The host's own identity; `clientId` then names a user-assigned one. */
  readonly managedIdentity: boolean;
}

/** Another cloud than the public one, or a stand-in. */
export interface AzureEndpoint {
  readonly authorityHost: string;
  /** Certificate authority in PEM. */
  readonly ca?: string;
}

/** The Azure packages are loaded here and not before: a server without Azure never reads them. */
export async function openAzureCredential(
  { tenantId, clientId, clientSecret, managedIdentity }: AzureIdentity,
  endpoint?: AzureEndpoint,
): Promise<TokenCredential> {
  const { ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  if (managedIdentity)
    return clientId === undefined ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId });
  if (tenantId !== undefined && clientId !== undefined && clientSecret !== undefined) {
    return new ClientSecretCredential(tenantId, clientId, clientSecret, {
      ...(endpoint && { authorityHost: endpoint.authorityHost, disableInstanceDiscovery: true }),
      ...(endpoint?.ca && { tlsOptions: { ca: endpoint.ca } }),
    });
  }
  // A developer's own login, or workload identity in Kubernetes.
  return new DefaultAzureCredential();
}

/** Gets tokens of the server's identity for one service, for example `https://cognitiveservices.azure.com/.default`. */
export function createAzureTokenSource(identity: AzureIdentity, scope: string, endpoint?: AzureEndpoint): () => Promise<string> {
  let provider: Promise<() => Promise<string>> | undefined;
  const open = async () => {
    const { getBearerTokenProvider } = await import('@azure/identity');
    return getBearerTokenProvider(await openAzureCredential(identity, endpoint), scope);
  };
  return async () => {
    provider ??= open();
    provider.catch(() => {
      provider = undefined;
    });
    return (await provider)();
  };
}
