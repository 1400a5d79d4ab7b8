import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { commandLinePage } from '../../src/cli/reference-page.ts';
// @ts-expect-error plain JavaScript, without types
import { anchorsIn, commandsIn, linksIn, readDocuments, root } from '../../tools/docs/documents.mjs';

let documents: { path: string; text: string }[];
let scripts: Record<string, string>;
beforeAll(async () => {
  documents = await readDocuments();
  scripts = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).scripts;
});

/** A page that code decides. UPDATE_REFERENCE=1 writes it. */
async function expectGenerated(path: string, text: string): Promise<void> {
  const file = join(root, path);
  if (process.env.UPDATE_REFERENCE === '1') {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  expect(await readFile(file, 'utf8')).toBe(text);
}

test('the reference of the command line says what the command line says', async () => {
  await expectGenerated('docs/reference/command-line.md', commandLinePage(createProgram(() => {})));
});

test('the page of resources says what the data says', async () => {
  const { checkedOnline, resources } = JSON.parse(await readFile(join(root, 'docs/resources.json'), 'utf8')) as {
    checkedOnline: string | null;
    resources: { kind: string; title: string; url: string; for: string }[];
  };
  const kinds = [...new Set(resources.map(({ kind }) => kind))];
  const sections = kinds.map((kind) => {
    const rows = resources.filter((one) => one.kind === kind).map((one) => `- [${one.title}](${one.url}): ${one.for}`);
    return `## ${kind}\n\n${rows.join('\n')}\n`;
  });
  const source = `<!-- Generated from docs/resources.json: UPDATE_REFERENCE=1 npx vitest run test/docs -->`;
  const asked = checkedOnline === null ? 'Not checked online so far:' : `All of them answered on ${checkedOnline};`;
  const page = `# Resources\n\n${source}\n\n${asked} \`npm run docs:links -- --online\` asks for each.\n\n${sections.join('\n')}`;
  await expectGenerated('docs/resources.md', page);
  for (const { url } of resources) expect(new URL(url).protocol).toBe('https:');
  expect(resources.map(({ url }) => url).join(' ')).toMatch(/ByRwuEEgH4.*model-context-protocol/);
});

test('every package that the server depends on has its reason among the decisions', async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const reasons = await readFile(join(root, 'docs/decisions/0002-dependencies.md'), 'utf8');
  // OpenTelemetry's are named once by their place, types not at all.
  const names = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !/^@(types|pgsql)\//.test(name));
  expect(names.filter((name) => !reasons.includes(`\`${name.replace(/^@opentelemetry\/(?!api)/, '')}\``))).toEqual([]);
});

describe('links within the repository', () => {
  test('lead to files and headings that are there', async () => {
    const bad: string[] = [];
    for (const { path, text } of documents) {
      for (const link of linksIn(text)) {
        if (/^[a-z]+:/i.test(link)) continue;
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? join(root, path) : resolve(root, dirname(path), decodeURIComponent(file));
        if (!existsSync(target)) bad.push(`${path}: ${link}`);
        else if (anchor !== undefined && target.endsWith('.md')) {
          if (!anchorsIn(await readFile(target, 'utf8')).includes(anchor)) bad.push(`${path}: ${link} has no such heading`);
        }
      }
    }
    expect(bad).toEqual([]);
  });

  test('name a decision by its own number', () => {
    const wrong = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\[decision (\d+)\]\([^)]*?(\d{4})-/gi)]
        .filter(([, said, number]) => Number(said) !== Number(number))
        .map(([link]) => `${path}: ${link}`),
    );
    expect(wrong).toEqual([]);
  });

  test('reach every page of docs/ from its index', async () => {
    const index = await readFile(join(root, 'docs/README.md'), 'utf8');
    const linked = new Set(linksIn(index).map((link: string) => resolve(root, 'docs', link.split('#')[0] ?? '')));
    const missing = documents
      .filter(({ path }) => path.startsWith('docs/') && path !== 'docs/README.md')
      .filter(({ path }) => !linked.has(join(root, path)) && !linked.has(dirname(join(root, path))));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });
});

describe('commands of the documents', () => {
  /** Programs that people have, of which we know no arguments. */
  const known =
    /^(curl|docker|git|export|cd|chown|cp|mkdir|sudo|apt|apt-get|psql|redis-server|openssl|kubectl|az|echo|cat|export|python3|base64)\b/;
  const problemOf = async (command: string): Promise<string | undefined> => {
    const bare = command
      .replace(/^(?:[A-Z0-9_]+=(?:"[^"]*"|'[^']*'|\$\([^)]*\)|\S*)\s*)+/, '')
      .replace(/^npx zava-mcp-server/, 'zava-mcp-server');
    if (
      bare === '' ||
      known.test(bare) ||
      bare.startsWith('npx -y -p node@24 -p @modelcontextprotocol/inspector@') ||
      /^(npm ci|npm i(nstall)?)\b/.test(bare)
    )
      return undefined;
    const script = /^npm (?:run (?:--silent )?)?([\w:-]+)/.exec(bare)?.[1];
    if (script !== undefined) return script in scripts ? undefined : `there is no script ${script}`;
    const ours = /^zava-mcp-server\s*(.*)$/.exec(bare)?.[1];
    if (ours !== undefined) return verbProblem(ours);
    const file = /^(?:npx vitest run|node) (\S+)/.exec(bare)?.[1];
    if (file !== undefined) return existsSync(join(root, file)) ? undefined : `there is no ${file}`;
    return `nobody knows what it runs`;
  };

  test('name scripts, verbs, options and files that exist', async () => {
    const bad: string[] = [];
    let seen = 0;
    for (const { path, text } of documents) {
      const told = [
        ...commandsIn(text),
        ...[...text.matchAll(/`((?:npx zava-mcp-server|npm (?:run|test|start)|npx vitest run) [^`]*)`/g)].map(
          ([, one = '']) => one,
        ),
      ];
      for (const line of told) {
        for (const command of line.split(/\s*(?:&&|\|\||;)\s*/)) {
          // What is piped on, or written to a file, is the shell's.
          const problem = await problemOf((command.split(/\s*[|>&<]\s*/)[0] ?? '').trim());
          seen += 1;
          if (problem !== undefined) bad.push(`${path}: ${command}: ${problem}`);
        }
      }
    }
    expect(bad).toEqual([]);
    expect(seen).toBeGreaterThan(60);
  });

  test('are found wanting where they are wrong', async () => {
    expect(await problemOf('npm run nothing')).toContain('no script');
    expect(await problemOf('npx zava-mcp-server srve')).toContain('no verb');
    expect(await problemOf('zava-mcp-server serve --prot 1')).toContain('--prot');
    expect(await problemOf('LOG_LEVEL=debug node tools/nothing.mjs')).toContain('no tools/nothing.mjs');
    expect(await problemOf('rm -r /')).toBeDefined();
  });
});

/** What the real command line has against it, without running it. */
function verbProblem(text: string): string | undefined {
  const words = (text.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^["']|["']$/g, ''));
  let verb = createProgram(() => {});
  while (words[0] !== undefined && /^[a-z]/.test(words[0])) {
    const next = verb.commands.find((one) => one.name() === words[0]);
    if (next === undefined) break;
    verb = next;
    words.shift();
  }
  const isGroup = verb.commands.length > 0;
  if (isGroup && words[0] !== undefined && /^[a-z]/.test(words[0])) return `there is no verb ${words[0]}`;
  // Without a verb it serves.
  const options = (verb.parent === null ? verb.commands.find((one) => one.name() === 'serve') : verb)?.options ?? [];
  const unknown = words.find((word) => word.startsWith('--') && !options.some(({ long }) => long === word.split('=')[0]));
  return unknown === undefined || ['--help', '--version'].includes(unknown) ? undefined : `there is no option ${unknown}`;
}
