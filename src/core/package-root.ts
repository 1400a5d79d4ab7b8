import { existsSync } from 'node:fs';

/** The nearest folder above this file that holds a package. Throws where there is none: a `dist/` that was copied without it. */
export function findPackageRoot(file: string): URL {
  const folder = new URL('./', file);
  if (existsSync(new URL('package.json', folder))) return folder;
  const above = new URL('../', folder);
  if (above.href === folder.href) throw new Error('There is no package.json above dist/: copy or install the whole package');
  return findPackageRoot(above.href);
}

/** The folder of this package, where `data/`, `migrations/` and `dist/` lie: from the sources as from what is built of them. */
export const packageRoot: URL = findPackageRoot(import.meta.url);
