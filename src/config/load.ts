import { AppError } from '../core/errors.ts';
import { nearMiss } from './nearest-name.ts';
import { findProblems, type Problem, type Serving } from './production-rules.ts';
import { type Config, type Setting, type SettingKey, settingEntries } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadOptions {
  /** What the process will serve; decides which settings are required. Default: http, the strictest. */
  readonly serving?: Serving;
}

/** Reads and checks every setting. Throws one `misconfigured` that names all that is wrong. */
export function loadConfig(options: LoadOptions = {}, env: Environment = process.env): Config {
  const { config, problems } = readConfig(options, env);
  if (problems.length === 0) return config;
  const lines = problems.map(({ setting, problem, remedy }) => `- ${setting} ${problem}: ${remedy}`);
  throw new AppError('misconfigured', `The settings are refused (${problems.length}):\n${lines.join('\n')}`, {
    hint: 'Mend them all and start again; `zava-mcp-server config check` shows what is in effect.',
  });
}

/** The same without throwing, for commands that show a faulty configuration. Refused values are replaced by their defaults. */
export function readConfig({ serving = 'http' }: LoadOptions = {}, env: Environment = process.env) {
  const { config, problems: values } = parseValues(env);
  const named = new Set(values.map((problem) => problem.setting));
  const combinations = findProblems(config, serving).filter((problem) => !named.has(problem.setting));
  return { config, problems: [...misspeltNames(env), ...values, ...combinations] };
}

/** Looks up a variable that is no setting: a secret that a setting names. */
export function environmentLookup(env: Environment = process.env): (name: string) => string | undefined {
  return (name) => (Object.hasOwn(env, name) ? cleaned(env[name]) : undefined);
}

function parseValues(env: Environment): { config: Config; problems: Problem[] } {
  const values: Record<string, unknown> = {};
  const sources = new Map<SettingKey, string>();
  const problems: Problem[] = [];
  for (const [key, row] of settingEntries) {
    const given = [row.env, ...row.aliases].flatMap((name) => {
      const text = cleaned(env[name]);
      return text === undefined ? [] : [{ name, text }];
    });
    problems.push(...contradictions(row, given));
    const [first] = given;
    const value = first === undefined ? undefined : row.type.parse(first.text);
    if (first !== undefined && value === undefined) problems.push(badValue(row, first));
    if (first !== undefined && value !== undefined) sources.set(key, first.name);
    values[key] = value ?? row.defaultFor(values);
  }
  return { config: { ...values, sources } as unknown as Config, problems };
}

interface GivenText {
  readonly name: string;
  readonly text: string;
}

function badValue(row: Setting<unknown>, { name, text }: GivenText): Problem {
  const shown = row.secret ? 'has a value that cannot be used' : `is ${JSON.stringify(text.slice(0, 80))}`;
  return { setting: name, problem: shown, remedy: `it must be ${row.type.expects}` };
}

function contradictions(row: Setting<unknown>, [first, ...others]: readonly GivenText[]): Problem[] {
  return others
    .filter(({ text }) => text !== first?.text)
    .map(({ name }) => ({ setting: name, problem: `contradicts ${first?.name}`, remedy: `keep ${row.env} only` }));
}

/** Container tooling passes quotes on that a shell would have removed; an empty value counts as none. */
function cleaned(value: string | undefined): string | undefined {
  const trimmed = value?.trim().replace(/^(["'])(.*)\1$/s, '$2');
  return trimmed === '' ? undefined : trimmed;
}

const ownPrefix = 'ZAVA_';

/** Unknown variables are somebody else's, unless they look like ours. */
function misspeltNames(env: Environment): Problem[] {
  const known = settingEntries.flatMap(([, row]) => [row.env, ...row.aliases]);
  return Object.keys(env)
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const own = name.startsWith(ownPrefix);
      const bare = own ? name.slice(ownPrefix.length) : name;
      const meant = known.includes(bare) ? bare : nearMiss(bare, known);
      if (meant === undefined && !own) return [];
      return [
        { setting: name, problem: 'is not a setting', remedy: meant === undefined ? 'remove it' : `did you mean ${meant}?` },
      ];
    });
}
