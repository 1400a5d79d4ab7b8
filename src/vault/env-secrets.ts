import type { SecretStore } from './secret-store.ts';

/**
 * Secrets in environment variables. `lookup` reads one variable. A name in the style of a vault (`scope-key`) is also found
 * under the name a shell allows (`SCOPE_KEY`).
 */
export function createEnvSecretStore(lookup: (name: string) => string | undefined): SecretStore {
  return { get: async (name) => lookup(name) ?? lookup(name.replaceAll('-', '_').toUpperCase()) };
}
