// A few files in place of hundreds: Node spends more on finding, reading and linking a module than most of them take to run.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Every start loads them, and they are made of many modules. All others stay where npm puts them. */
const inlined = ['zod', 'jose', '@modelcontextprotocol/server', '@modelcontextprotocol/core'];
const packageOf = (path) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0];
const packagesInPlace = {
  name: 'packages in their place',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || inlined.includes(packageOf(path)) ? undefined : { path, external: true },
    );
  },
};

/**
 * What is imported lazily stays apart.
 *
 * @param {Record<string, string>} entryPoints by what each becomes, without an extension
 * @param {string} folder
 * @returns {Promise<{ written: string[], packages: string[] }>} files from the root of the checkout; whose code is in them
 */
export async function bundle(entryPoints, folder) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    bundle: true,
    plugins: [packagesInPlace],
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
  const paths = Object.keys(metafile.inputs).flatMap((path) => path.split('node_modules/').slice(1).at(-1) ?? []);
  return { written: Object.keys(metafile.outputs), packages: [...new Set(paths.map(packageOf))].sort() };
}

/** What the licences of packages want to be told wherever their code goes. @param {string[]} packages */
export async function noticesOf(packages) {
  const notices = packages.map(async (name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const text = await readFile(join(folder, 'LICENSE'), 'utf8').catch(() => readFile(join(folder, 'LICENSE.md'), 'utf8'));
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(notices)).join(`\n${'-'.repeat(80)}\n\n`);
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
