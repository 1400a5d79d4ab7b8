// Builds the pages of apps/ into dist/apps/, each one HTML file that needs nothing from any network.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

/** What hosts of MCP Apps take; ours should be far below. */
const maxBytes = 256 * 1024;

const root = new URL('../', import.meta.url);
const source = new URL('apps/dashboard/', root);
const target = new URL('dist/apps/', root);

const pages = [
  { entry: 'app.ts', page: 'dashboard-app.html' },
  { entry: 'browser.ts', page: 'dashboard.html' },
];

async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [new URL(entry, source).pathname],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
  });
  return outputFiles[0].text.trim();
}

await mkdir(target, { recursive: true });
const template = await readFile(new URL('page.html', source), 'utf8');
const style = await bundled('page.css');
for (const { entry, page } of pages) {
  const script = await bundled(entry);
  if (/<\/(script|style)|<!--/i.test(script + style)) throw new Error(`${entry}: its code would end the element that holds it`);
  const html = template.replace('/*style*/', () => style).replace('/*script*/', () => script);
  if (Buffer.byteLength(html) > maxBytes) throw new Error(`${page} has more than ${maxBytes} bytes`);
  await writeFile(new URL(page, target), html);
}
