import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contributionGuide, type Experience, type GuideRequest } from '../../src/contribute/guide.ts';
import { type RepositoryState, readRepositoryState } from '../../src/contribute/repository-state.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the guide for this repository', () => {
  let state: RepositoryState;
  beforeAll(async () => {
    state = await readRepositoryState(root);
  });
  const guide = (skills: string[], experience: Experience = 'beginner') => contributionGuide({ skills, experience }, state);
  const areas = (...request: Parameters<typeof guide>) => guide(...request).contribution_areas.map(({ area }) => area);

  test('names paths that exist, whoever asks', () => {
    for (const experience of ['beginner', 'intermediate', 'advanced'] as const) {
      const told = guide([], experience);
      const paths = [
        ...Object.values(told.getting_started).map(({ path }) => path),
        ...told.contribution_areas.flatMap(({ suggestions }) => suggestions.map(({ path }) => path)),
        told.community_resources.issues,
        told.community_resources.examples,
      ].map((path) => path.replace(/:\d+$/, ''));
      expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
      expect(told.contribution_areas).toHaveLength(5);
      // A page that has gone would leave its area empty without a word.
      for (const { area, suggestions } of told.contribution_areas)
        expect(suggestions.length, `${area}, ${experience}`).toBeGreaterThan(0);
    }
  });

  test('differs by skills', () => {
    expect(areas(['documentation'])).toEqual(['documentation']);
    expect(areas(['security', 'SQL', ' postgresql '])).toEqual(['security', 'performance']);
    expect(areas(['mcp', 'typescript'])[0]).toBe('features');
    expect(guide(['security']).contribution_areas[0]?.fits).toEqual(['security']);
  });

  test('differs by experience', () => {
    expect(guide(['security'], 'beginner')).not.toEqual(guide(['security'], 'advanced'));
  });

  test('says which skills it knows nothing of, and then shows everything', () => {
    const told = guide(['cobol', '']);
    expect(told.unknown_skills).toEqual(['cobol']);
    expect(told.contribution_areas).toHaveLength(5);
  });
});

describe('what a checkout lacks', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'checkout-'));
    const put = async (path: string, text: string) => {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), text);
    };
    await put('package.json', '{"name":"zava-mcp-server"}');
    await put('src/a/short.ts', 'export function short() {}\n');
    await put('src/a/long.ts', `// TODO: say why\nexport async function long() {}\n${'\n'.repeat(30)}`);
    await put('src/a/tested.ts', 'export function tested() {}\n');
    await put('src/b/types.ts', 'export type A = 1;\n');
    await put('test/a/tested.test.ts', '');
    await put('docs/a.md', 'What `a/` does.');
  });
  afterAll(() => rm(folder, { recursive: true }));
  const suggestions = async (area: string, experience: GuideRequest['experience'] = 'beginner') => {
    const { contribution_areas } = contributionGuide({ skills: [], experience }, await readRepositoryState(folder));
    return contribution_areas.find((known) => known.area === area)?.suggestions.map(({ path }) => path);
  };

  test('sources without a test, the short ones for who is new', async () => {
    expect(await suggestions('testing')).toEqual(['src/a/short.ts', 'src/a/long.ts']);
    expect((await suggestions('testing', 'advanced'))?.[0]).toBe('src/a/long.ts');
  });

  test('folders that no page explains, and what was left to do', async () => {
    expect(await suggestions('documentation')).toEqual(['src/b']);
    expect(await suggestions('features')).toEqual(['src/a/long.ts:1']);
  });

  test('the least covered files, once coverage was measured', async () => {
    await mkdir(join(folder, 'coverage'));
    await writeFile(
      join(folder, 'coverage/cobertura-coverage.xml'),
      `<class name="short.ts" filename="src/a/short.ts" line-rate="0.5" branch-rate="1">
       <class name="long.ts" filename="a/long.ts" line-rate="0.25" branch-rate="1">
       <class name="tested.ts" filename="src/a/tested.ts" line-rate="1" branch-rate="1">`,
    );
    const { leastCovered } = await readRepositoryState(folder);
    expect(leastCovered).toEqual([
      { path: 'src/a/long.ts', percent: 25 },
      { path: 'src/a/short.ts', percent: 50 },
    ]);
    expect(await suggestions('testing')).toEqual(['src/a/long.ts', 'src/a/short.ts']);
  });

  test('another folder is no checkout', async () => {
    await expect(readRepositoryState(tmpdir())).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
