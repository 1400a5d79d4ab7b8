import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {{ path: string, text: string }} Document */

/** Every page of the repository that people read. @returns {Promise<Document[]>} */
export async function readDocuments() {
  const top = (await readdir(root)).filter((name) => name.endsWith('.md'));
  const nested = await Promise.all(
    ['docs', 'examples', '.github'].map(async (folder) => {
      const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
      return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
    }),
  );
  const paths = [...top, ...nested.flat()].sort();
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

/** Links of Markdown, without those in code. @param {string} text */
export function linksIn(text) {
  const prose = text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map((match) => match[1]);
}

/** Anchors as GitHub makes them of headings. @param {string} text */
export function anchorsIn(text) {
  return [...text.matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Lines of shell blocks, also of those within lists; continued ones joined, without comments. @param {string} text */
export function commandsIn(text) {
  return [...text.matchAll(/^( *)```(?:bash|sh|shell)\n(.*?)^\1```/gms)].flatMap(([, , block]) =>
    block
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) =>
        line
          .replace(/\s+#.*$/, '')
          .replace(/^\s*#.*$/, '')
          .trim(),
      )
      .filter((line) => line !== ''),
  );
}

/** Commands named in a sentence or a table, and not just a verb or a form of it. @param {string} text */
export function commandsInProse(text) {
  return [...text.matchAll(/`((?:(?:(?:npx )?zava-mcp-server|npx vitest run) |npm (?:run|test|start)\b)[^`]*)`/g)].map(
    ([, command]) => command,
  );
}
