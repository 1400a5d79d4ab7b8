import { join } from 'node:path';
import { databaseTarget } from '../config/database-target.ts';
import { environmentLookup } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { AzureEndpoint, AzureIdentity } from '../vault/azure-identity.ts';
import { createAzureKeyVaultStore } from '../vault/azure-key-vault.ts';
import { createCachedSecrets } from '../vault/cached-secrets.ts';
import { createEnvSecretStore } from '../vault/env-secrets.ts';
import { createFileSecretStore } from '../vault/file-secrets.ts';
import { type KeyRing, keyRingFile, keyRingFromSecret, localKeyRing, parseKeyRing } from '../vault/key-ring.ts';
import { createLocalKeys } from '../vault/local-keys.ts';
import { keepRefreshed } from '../vault/refreshed.ts';
import { localScopeKey, type ScopeKey, scopeKeyFile, scopeKeyFromSecret } from '../vault/scope-key.ts';
import { firstOf, type SecretStore } from '../vault/secret-store.ts';

/** Where secrets are looked for, beside what the settings name. */
export interface SecretPlaces {
  /** Reads one variable of the environment. */
  readonly lookup?: (name: string) => string | undefined;
  /** Where container engines mount secrets. */
  readonly mounted?: string;
  readonly vaultEndpoint?: AzureEndpoint;
}

/** Asked each time: for keys, which must take effect soon. The first place that has the secret answers. */
export function rawSecrets(config: Config, places: SecretPlaces = {}): SecretStore {
  const { environment, mounted, vault } = secretStores(config, places);
  return firstOf(environment, mounted, ...(vault === undefined ? [] : [vault]));
}

/** For ordinary secrets: asked again every five minutes, and served from memory while their place is away. */
export function openSecrets(config: Config, note: Note, places: SecretPlaces = {}) {
  const onFailure = (_name: string, error: unknown) => note({ kind: 'fault_met', where: 'secrets', error });
  return createCachedSecrets({ store: rawSecrets(config, places), onFailure });
}

function secretStores(config: Config, { lookup = environmentLookup(), mounted = '/run/secrets', vaultEndpoint }: SecretPlaces) {
  const { azureKeyVaultUrl: url } = config;
  const identity = azureIdentity(config);
  return {
    environment: createEnvSecretStore(lookup),
    mounted: createFileSecretStore(mounted),
    vault:
      url === undefined
        ? undefined
        : createAzureKeyVaultStore({ url, identity, ...(vaultEndpoint && { endpoint: vaultEndpoint }) }),
  };
}

/** Who this server is in Azure. */
export function azureIdentity(config: Config): AzureIdentity {
  const { azureTenantId: tenantId, azureClientId: clientId, azureClientSecret: clientSecret } = config;
  return { tenantId, clientId, clientSecret, managedIdentity: config.azureUseManagedIdentity };
}

export function localKeys(config: Config) {
  return createLocalKeys(join(config.dataDir, 'keys'));
}

export type KeyPurpose = 'scope' | 'encryption';

const nameSettings = { scope: 'SCOPE_SIGNING_KEY_SECRET_NAME', encryption: 'ENCRYPTION_KEY_SECRET_NAME' } as const;

/** The secret that holds a key; undefined where this machine keeps its own. */
function secretNameOf(config: Config, purpose: KeyPurpose): string | undefined {
  const name = purpose === 'scope' ? config.scopeSigningKeySecretName : config.encryptionKeySecretName;
  if (name !== undefined || config.environment !== 'production') return name;
  const use = purpose === 'scope' ? 'signs tenant scopes' : 'encrypts';
  throw new AppError('misconfigured', `Production ${use} with a key of the secret provider`, {
    hint: `Set ${nameSettings[purpose]} to the name of a secret of the form kid:base64.`,
  });
}

/** Of the secret provider where one is named; otherwise this machine's own, which is made when it is first asked for. */
export function scopeKey(config: Config, places: SecretPlaces = {}): Promise<ScopeKey> {
  return scopeKeyOf(config, rawSecrets(config, places));
}

async function scopeKeyOf(config: Config, stores: SecretStore): Promise<ScopeKey> {
  const name = secretNameOf(config, 'scope');
  return name === undefined ? localScopeKey(localKeys(config)) : scopeKeyFromSecret(stores, name);
}

async function keyRingOf(config: Config, stores: SecretStore): Promise<KeyRing> {
  const name = secretNameOf(config, 'encryption');
  if (name !== undefined) return keyRingFromSecret(stores, name);
  if (config.devEncryptionKey !== undefined) return parseKeyRing(config.devEncryptionKey, 'DEV_ENCRYPTION_KEY');
  return localKeyRing(localKeys(config));
}

export interface Keys {
  /** Ask for each use: a rotated key takes effect within half a minute. */
  scopeKey(): ScopeKey;
  encryptionKeys(): KeyRing;
  /** Asks for both now. Never throws. */
  refresh(): Promise<void>;
  close(): void;
}

export interface OpenKeysOptions extends SecretPlaces {
  readonly refreshMs?: number;
}

/** The two keys of a serving process. While their place is away the last good ones go on being used, and it is noted once. */
export async function openKeys(config: Config, note: Note, options: OpenKeysOptions = {}): Promise<Keys> {
  const { refreshMs: everyMs = 30_000, ...places } = options;
  const stores = rawSecrets(config, places);
  const [scope, ring] = await Promise.all([scopeKeyOf(config, stores), keyRingOf(config, stores)]);
  const follow = <T>(first: T, again: () => Promise<T>) => {
    const known = [first];
    const load = async () => known.pop() ?? (await again());
    return keepRefreshed({ load, everyMs, onFailure: (error) => note({ kind: 'fault_met', where: 'secrets', error }) });
  };
  const scopes = await follow(scope, () => scopeKeyAgain(config, stores, scope));
  const rings = await follow(ring, () => keyRingAgain(config, stores));
  return {
    scopeKey: scopes.current,
    encryptionKeys: rings.current,
    refresh: async () => void (await Promise.all([scopes.refresh(), rings.refresh()])),
    close() {
      scopes.close();
      rings.close();
    },
  };
}

async function scopeKeyAgain(config: Config, stores: SecretStore, present: ScopeKey): Promise<ScopeKey> {
  // An embedded database knows the key that it was opened with, and nobody rotates that under it.
  if (databaseTarget(config).kind === 'embedded') return present;
  if (config.scopeSigningKeySecretName === undefined) await refuseMissing(config, scopeKeyFile);
  return scopeKeyOf(config, stores);
}

async function keyRingAgain(config: Config, stores: SecretStore): Promise<KeyRing> {
  const local = config.encryptionKeySecretName === undefined && config.devEncryptionKey === undefined;
  if (local) await refuseMissing(config, keyRingFile);
  return keyRingOf(config, stores);
}

/** A local key is made at the first start. One that is gone later is a fault: nobody else would know a new one. */
async function refuseMissing(config: Config, file: string): Promise<void> {
  if ((await localKeys(config).read(file)) !== undefined) return;
  throw new AppError('misconfigured', `The key file ${file} is gone; the key goes on being used until the server stops`, {
    hint: 'Put it back before the next start: a new key opens nothing that this one sealed.',
  });
}

/** Where a key is kept, for its rotation. */
export type KeyHome =
  | { readonly kind: 'environment' | 'mounted file'; readonly name: string }
  | {
      readonly kind: 'Key Vault' | 'file';
      readonly name: string;
      /** What is there now; a secret has only to be named before its first key is made. */
      readonly text: string | undefined;
      readonly replace: (text: string) => Promise<void>;
    };

/** What is in the environment or in a mounted file comes first for the servers, and cannot be replaced from here. */
export async function keyHome(config: Config, purpose: KeyPurpose, places: SecretPlaces = {}): Promise<KeyHome> {
  const name = secretNameOf(config, purpose);
  if (name === undefined) return localHome(config, purpose);
  const { environment, mounted, vault } = secretStores(config, places);
  if ((await environment.get(name)) !== undefined) return { kind: 'environment', name };
  if ((await mounted.get(name)) !== undefined) return { kind: 'mounted file', name };
  if (vault === undefined) {
    throw new AppError('misconfigured', `There is no secret called ${name}, and no place to keep one`, {
      hint: `${nameSettings[purpose]} names it: put it into the environment or a mounted file, or set AZURE_KEY_VAULT_URL.`,
    });
  }
  return { kind: 'Key Vault', name, text: await vault.get(name), replace: (text) => vault.put(name, text) };
}

async function localHome(config: Config, purpose: KeyPurpose): Promise<KeyHome> {
  if (purpose === 'encryption' && config.devEncryptionKey !== undefined)
    return { kind: 'environment', name: 'DEV_ENCRYPTION_KEY' };
  const file = purpose === 'scope' ? scopeKeyFile : keyRingFile;
  const keys = localKeys(config);
  const name = join(config.dataDir, 'keys', file);
  return { kind: 'file', name, text: await keys.read(file), replace: (text) => keys.replace(file, text) };
}
