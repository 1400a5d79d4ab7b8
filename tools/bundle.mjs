// One file in place of hundreds: Node spends more on finding, reading and linking a module than most of them take to run.
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * What is imported lazily stays apart, and packages stay where npm puts them.
 *
 * @param {Record<string, string>} entryPoints by what each becomes, without an extension
 * @param {string} folder
 * @returns {Promise<string[]>} what was written, from the root of the checkout
 */
export async function bundle(entryPoints, folder) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    bundle: true,
    packages: 'external',
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    charset: 'utf8',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  });
  return Object.keys(metafile.outputs);
}

/**
 * A single source, for a process or a tool that runs it by itself: Node 20 does not run TypeScript.
 *
 * @param {string} source from the root of the checkout
 * @returns {Promise<string>} the file to run or to import; its packages are found from there
 */
export async function bundled(source) {
  const folder = join(root, 'node_modules/.cache/zava-mcp-server', source.replaceAll('/', '-'));
  const name = basename(source).replace(/\.\w+$/, '');
  await bundle({ [name]: source }, folder);
  return join(folder, `${name}.js`);
}
