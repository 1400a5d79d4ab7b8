/** Where secrets come from. A value is never logged and never part of an error; its name may be. */
export interface SecretStore {
  /** undefined when the store has no such secret. */
  get(name: string): Promise<string | undefined>;
}

/** Asks one store after the other; the first that has the secret answers. */
export function firstOf(...stores: readonly SecretStore[]): SecretStore {
  return {
    async get(name) {
      for (const store of stores) {
        const value = await store.get(name);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}
