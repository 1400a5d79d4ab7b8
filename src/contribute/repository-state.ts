import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';

/** What a checkout says about where help is wanted. */
export interface RepositoryState {
  /** Sources without a test of their own path, shortest first. */
  readonly untested: readonly { readonly path: string; readonly lines: number }[];
  /** From the last coverage run, lowest first; empty where there was none. */
  readonly leastCovered: readonly { readonly path: string; readonly percent: number }[];
  readonly todos: readonly { readonly path: string; readonly line: number; readonly text: string }[];
  /** Folders of `src/` that no page explains. */
  readonly unexplained: readonly string[];
  /** Whether a path is there. */
  has(path: string): boolean;
}

export async function readRepositoryState(root: string): Promise<RepositoryState> {
  const manifest = await readFile(join(root, 'package.json'), 'utf8').catch(() => '{}');
  if ((JSON.parse(manifest) as { name?: string }).name !== 'zava-mcp-server' || !existsSync(join(root, 'src'))) {
    throw new AppError('invalid_input', `${root} is no checkout of zava-mcp-server`, {
      hint: 'Clone the repository and run the command in its folder.',
    });
  }
  const sources = await filesIn(root, 'src', '.ts');
  const texts = new Map(
    await Promise.all(sources.map(async (path) => [path, await readFile(join(root, path), 'utf8')] as const)),
  );
  const has = (path: string) => existsSync(join(root, path));
  const pages = await filesIn(root, 'docs', '.md');
  const explained = (await Promise.all(pages.map((page) => readFile(join(root, page), 'utf8')))).join('\n');
  const folders = [...new Set(sources.map((path) => path.split('/')[1] ?? ''))].filter((name) => !name.endsWith('.ts'));
  return {
    untested: [...texts]
      .filter(
        ([path, text]) => /^export (async )?function/m.test(text) && !has(path.replace(/^src\/(.+)\.ts$/, 'test/$1.test.ts')),
      )
      .map(([path, text]) => ({ path, lines: text.split('\n').length }))
      .sort((a, b) => a.lines - b.lines || a.path.localeCompare(b.path)),
    leastCovered: coverageIn(await readFile(join(root, 'coverage/cobertura-coverage.xml'), 'utf8').catch(() => '')),
    todos: [...texts].flatMap(([path, text]) => todosIn(path, text)),
    unexplained: folders.filter((name) => !explained.includes(`${name}/`)).sort(),
    has,
  };
}

async function filesIn(root: string, folder: string, ending: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort();
}

function todosIn(path: string, text: string): RepositoryState['todos'] {
  return text.split('\n').flatMap((line, index) => {
    const [, said] = /\/\/\s*(?:TODO|FIXME)\b:?\s*(.*)/.exec(line) ?? [];
    return said === undefined ? [] : [{ path, line: index + 1, text: said.slice(0, 100) }];
  });
}

/** Cobertura's classes are files; a rate is 0..1. */
function coverageIn(xml: string): RepositoryState['leastCovered'] {
  return [...xml.matchAll(/<class [^>]*filename="([^"]+)"[^>]*line-rate="([\d.]+)"/g)]
    .map(([, path = '', rate]) => ({
      path: path.startsWith('src/') ? path : `src/${path}`,
      percent: Math.round(Number(rate) * 100),
    }))
    .filter(({ percent }) => percent < 100)
    .sort((a, b) => a.percent - b.percent || a.path.localeCompare(b.path));
}
