import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkContribution } from '../contribute/checks.ts';
import { contributionGuide, type Experience } from '../contribute/guide.ts';
import { readChange } from '../contribute/read-change.ts';
import { readRepositoryState } from '../contribute/repository-state.ts';
import { exitCodes } from './exit-code.ts';

interface GuideFlags {
  readonly skills: readonly string[];
  readonly experience: Experience;
  readonly json?: boolean;
}

/** Of the checkout in the current folder. */
export async function guide({ skills, experience, json }: GuideFlags): Promise<number> {
  const state = await readRepositoryState(process.cwd());
  // Both `--skills a b` and `--skills a,b` are natural to write.
  const wanted = { skills: skills.flatMap((skill) => skill.split(',')), experience };
  const told = contributionGuide(wanted, state);
  if (json) return print(JSON.stringify(told, null, 2));
  const { getting_started, contribution_areas, community_resources, unknown_skills } = told;
  return print(
    [
      'Getting started',
      ...Object.values(getting_started).map(({ what, path }) => `  ${what} (${path})`),
      ...contribution_areas.flatMap(({ area, fits, suggestions }) => [
        `\n${area}${fits.length === 0 ? '' : `, since you know ${fits.join(', ')}`}`,
        ...suggestions.map(({ what, path }) => `  ${what}: ${path}`),
      ]),
      '\nCommunity',
      ...Object.entries(community_resources).map(([name, place]) => `  ${name}: ${place}`),
      ...(unknown_skills.length === 0 ? [] : [`\nNothing here is chosen by: ${unknown_skills.join(', ')}`]),
    ].join('\n'),
  );
}

interface CheckFlags {
  readonly base: string;
  readonly json?: boolean;
}

/** Of the branch that is checked out in the current folder, uncommitted changes included. */
export async function check({ base, json }: CheckFlags): Promise<number> {
  const root = process.cwd();
  await readRepositoryState(root);
  const change = await readChange(root, base);
  const checks = checkContribution(change, await lint(root, change.files));
  const failed = Object.values(checks).some(({ outcome }) => outcome === false);
  const lines = Object.entries(checks).map(
    ([name, { outcome, reason }]) => `${name}: ${outcome === true ? 'yes' : outcome || 'no'} (${reason})`,
  );
  print(json ? JSON.stringify({ base, passed: !failed, ...checks }, null, 2) : lines.join('\n'));
  return failed ? exitCodes.failed : exitCodes.done;
}

/** The formatter and linter on the changed files; undefined where it is not installed. */
async function lint(
  root: string,
  files: readonly { readonly path: string; readonly status: string }[],
): Promise<boolean | undefined> {
  const biome = join(root, 'node_modules/.bin/biome');
  if (!existsSync(biome)) return undefined;
  const there = files.filter(({ status }) => status !== 'deleted').map(({ path }) => path);
  if (there.length === 0) return true;
  return promisify(execFile)(biome, ['check', '--no-errors-on-unmatched', '--', ...there], {
    cwd: root,
    maxBuffer: 16 * 1024 * 1024,
  }).then(
    () => true,
    () => false,
  );
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.done;
}
