import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runVerb } from './command-line.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('contribute guide', () => {
  test('tells a person where to begin', async () => {
    const { code, stdout } = await runVerb(['contribute', 'guide', '--skills', 'security,sql', '--experience', 'advanced']);
    expect(code).toBe(0);
    expect(stdout).toContain('CONTRIBUTING.md');
    expect(stdout).toContain('security, since you know security, sql');
  });

  test('tells a program the same, and what it cannot choose by', async () => {
    const { stdout } = await runVerb(['contribute', 'guide', '--skills', 'writing', 'cobol', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      contribution_areas: [{ area: 'documentation' }],
      unknown_skills: ['cobol'],
    });
    expect((await runVerb(['contribute', 'guide', '--skills', 'cobol'])).stdout).toContain('Nothing here is chosen by: cobol');
  });

  test('an experience that nobody has is bad usage', async () => {
    expect((await runVerb(['contribute', 'guide', '--experience', 'guru'])).code).toBe(2);
  });
});

describe('contribute check', () => {
  let folder: string;
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', ...args], { cwd: folder, stdio: 'pipe' });
  const put = async (path: string, text: string) => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const check = async (...args: string[]) => {
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    try {
      return await runVerb(['contribute', 'check', ...args]);
    } finally {
      vi.mocked(process.cwd).mockRestore();
    }
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'contribution-'));
    await put('package.json', '{"name":"zava-mcp-server"}');
    await put('src/query/guard.ts', 'export const a = 1;\n');
    await put('src/gone.ts', 'export const b = 1;\n');
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('commit', '-qm', 'Begin');
    git('checkout', '-qb', 'work');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a branch without a change passes: nothing applies', async () => {
    const { code, stdout } = await check('--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ base: 'main', passed: true, has_tests: { outcome: 'not applicable' } });
  });

  test('a change is read from git, committed or not, and what it lacks is told', async () => {
    await put('src/query/guard.ts', 'export const a = 2;\n');
    git('commit', '-qam', 'fix: the guard');
    await put('src/cli/neu ös.ts', 'export const c = 1;\n');
    git('rm', '-q', 'src/gone.ts');
    const { code, stdout } = await check('--base', 'main');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^has_tests: no \(.*src\/query\/guard\.ts, src\/cli\/neu ös\.ts; add it/m);
    expect(stdout).toMatch(/^has_documentation: no/m);
    expect(stdout).toMatch(/^follows_conventions: no \("fix: the guard" has a prefix/m);
    expect(stdout).toMatch(/^security_reviewed: no/m);
    expect(stdout).toMatch(/^performance_tested: no/m);
  });

  test('with tests, words, a review and a measurement it passes', async () => {
    await put('test/query/guard.test.ts', "import '../../src/query/guard.ts';\n");
    await put('test/cli/neu.test.ts', "import '../../src/cli/neu ös.ts';\n");
    await put('CHANGELOG.md', '- more\n');
    git('add', '.');
    git('commit', '-q', '--amend', '-m', 'Mend the guard\n\nSecurity-Reviewed-By: Bo <bo@example.org>\nBenchmark: Q1 as before');
    const { code, stdout } = await check('--base', 'main');
    expect(stdout).toMatch(/^security_reviewed: yes \(reviewed by Bo <bo@example\.org>\)/m);
    expect(stdout).toMatch(/^performance_tested: yes \(measured: Q1 as before\)/m);
    expect(stdout).not.toContain(': no');
    expect(code).toBe(0);
  });

  test('the linter is asked where it is installed', async () => {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await put('.gitignore', 'node_modules\n');
    await put('biome.json', '{"formatter":{"enabled":false}}');
    await put('test/cli/neu.test.ts', "import '../../src/cli/neu ös.ts';\ndebugger;\n");
    expect((await check()).stdout).toMatch(/^follows_conventions: no \(the linter refuses/m);
    await put('test/cli/neu.test.ts', "import '../../src/cli/neu ös.ts';\n");
    git('add', '.');
    expect((await check()).stdout).toMatch(/^follows_conventions: yes .*the linter agrees/m);
  });

  test('a base that is not there is bad usage, also one that looks like an option', async () => {
    expect(await check('--base', 'nowhere')).toMatchObject({ code: 2, stderr: expect.stringContaining('git fetch') });
    expect((await check('--base', '--output=/tmp/x')).code).toBe(2);
  });
});
