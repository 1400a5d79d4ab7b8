import { existsSync } from 'node:fs';

/** The folder of this package, where `data/`, `migrations/` and `dist/` lie: from the sources as from what is built of them. */
export const packageRoot: URL = (() => {
  let folder = new URL('./', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) folder = new URL('../', folder);
  return folder;
})();
