import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
/** The last stage: what ships. */
const shipped = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

test('the one base image is pinned by its digest, and the linter has no complaint', () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)(?: AS (\w+))?$/gm)];
  const stages = bases.map(([, , stage]) => stage);
  const foreign = bases.map(([, image]) => image).filter((image) => !stages.includes(image));
  expect(foreign).toEqual([expect.stringMatching(/^node:\d+\.\d+\.\d+-trixie-slim@sha256:[0-9a-f]{64}$/)]);
  execFileSync(`${root}node_modules/.bin/dockerfilelint`, ['Dockerfile'], { cwd: root });
});

test('the image runs as a numbered user without rights on its own code, in production, and is checked by the program itself', () => {
  expect(shipped).toMatch(/useradd --uid 10001 --gid 10001 .*mcpserver/);
  expect(shipped).toMatch(/^USER 10001:10001$/m);
  expect(shipped).not.toMatch(/chown|chmod -R|chmod 777/);
  expect(shipped).toMatch(/^EXPOSE 8000$/m);
  expect(shipped).toMatch(/ENVIRONMENT=production/);
  expect(shipped).toMatch(
    /^HEALTHCHECK --interval=30s --timeout=10s --start-period=15s --retries=3 CMD \["zava-mcp-server", "health", "--quiet"\]$/m,
  );
  expect(shipped).toMatch(/^ENTRYPOINT \["zava-mcp-server"\]$/m);
});

test('it has pg_dump of PostgreSQL 17, and dependencies of production alone', () => {
  expect(shipped).toMatch(/postgresql-client-17/);
  expect(dockerfile).toMatch(/npm prune --omit=dev/);
  const copied = [...shipped.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
  // What the package brings along to be read stays out.
  const packaged = manifest.files.filter((entry: string) => !/^(!|dist$|docs|examples|CHANGELOG|SECURITY)/.test(entry));
  expect(copied).toEqual(expect.arrayContaining([...packaged, 'package.json']));
  expect(copied.filter((source) => /^\.$|test|docs|node_modules/.test(source))).toEqual([]);
});

/** The order matters: https://docs.docker.com/build/concepts/context/#syntax. Here: a name, or a pattern with `**` or `*`. */
function isIgnored(path: string, rules: readonly string[]): boolean {
  let ignored = false;
  for (const rule of rules) {
    const again = rule.startsWith('!');
    const pattern = (again ? rule.slice(1) : rule)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*\*\//g, '(?:.*/)?')
      .replace(/(?<!\.)\*(?!\/)/g, '[^/]*');
    if (new RegExp(`^${pattern}(?:/.*)?$`).test(path)) ignored = !again;
  }
  return ignored;
}

const rules = readFileSync(`${root}.dockerignore`, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

test.each([
  '.env',
  '.env.production',
  'src/.env',
  '.git/config',
  '.services.env',
  'node_modules/pg/package.json',
  'dist/main.js',
  'test/config/load.test.ts',
  'docs/search.md',
  'coverage/results.json',
  '.zava/keys/issuer.json',
  'backups/zava_backup_full_20260101_020000',
  'data/search-eval/own-queries.json',
  'sbom.cdx.json',
  'src/debug.log',
])('%s never reaches a build', (path) => {
  expect(isIgnored(path, rules)).toBe(true);
});

test('what the Dockerfile copies does', () => {
  const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, list = '']) => list.split(' '));
  expect(sources.length).toBeGreaterThan(8);
  expect(sources.filter((source) => isIgnored(source, rules))).toEqual([]);
  expect(isIgnored('src/app/compose.ts', rules)).toBe(false);
  expect(isIgnored('data/search/vectors.bin', rules)).toBe(false);
});
