// Builds what `zava-mcp-server` runs, and what it runs in threads, from src/ into dist/.
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, noticesOf } from './bundle.mjs';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

const { written, packages } = await bundle(
  {
    main: 'src/main.ts',
    'postgres/embedded-worker': 'src/postgres/embedded-worker.ts',
    'search/embedding/local-embedding-worker': 'src/search/embedding/local-embedding-worker.ts',
  },
  'dist',
);

await writeFile(join(dist, 'parts/LICENSES.txt'), await noticesOf(packages));

// What an earlier build has left. Not before: a server that runs from here loads parts of itself late.
const fresh = new Set([...written.map((path) => path.replace(/^dist\//, '')), 'parts/LICENSES.txt']);
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const name = relative(dist, join(entry.parentPath, entry.name));
  if (entry.isFile() && !fresh.has(name) && !name.startsWith('apps/')) await rm(join(dist, name));
}
