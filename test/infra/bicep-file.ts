import { readFileSync } from 'node:fs';

/**
 * As much of Bicep as these templates use, for want of a compiler: declarations, their blocks and the names they use. It proves structure,
 * not that Azure accepts it. https://learn.microsoft.com/azure/azure-resource-manager/bicep/file
 */
export interface BicepParam {
  readonly name: string;
  readonly type: string;
  readonly secure: boolean;
  /** Text of the default; undefined where the caller must give a value. */
  readonly byDefault: string | undefined;
}

export interface BicepBlock {
  readonly symbol: string;
  /** Path of a module, type of a resource. */
  readonly of: string;
  readonly existing: boolean;
  readonly body: string;
}

export interface BicepFile {
  readonly text: string;
  readonly params: readonly BicepParam[];
  readonly variables: ReadonlyMap<string, string>;
  readonly modules: readonly BicepBlock[];
  readonly resources: readonly BicepBlock[];
  readonly outputs: ReadonlyMap<string, string>;
}

export function readBicep(path: string): BicepFile {
  const text = withoutComments(readFileSync(path, 'utf8'));
  checkBrackets(text, path);
  const params: BicepParam[] = [];
  const variables = new Map<string, string>();
  const modules: BicepBlock[] = [];
  const resources: BicepBlock[] = [];
  const outputs = new Map<string, string>();
  let decorators = '';
  for (const statement of statements(text)) {
    const [, word = '', symbol = ''] = /^(\w+)\s+(\w+)/.exec(statement) ?? [];
    const value = statement.slice(statement.indexOf('=') + 1).trim();
    if (statement.startsWith('@')) decorators += statement;
    else if (word === 'param') {
      const [, type = ''] = /^param\s+\w+\s+(\w+)/.exec(statement) ?? [];
      const byDefault = /^param\s+\w+\s+\w+\s*=/.test(statement) ? value : undefined;
      params.push({ name: symbol, type, secure: decorators.includes('@secure()'), byDefault });
    } else if (word === 'var') variables.set(symbol, value);
    else if (word === 'output') outputs.set(symbol, value);
    else if (word === 'module' || word === 'resource') {
      const [, of = ''] = /^\w+\s+\w+\s+'([^']+)'/.exec(statement) ?? [];
      const existing = /^resource\s+\w+\s+'[^']+'\s+existing/.test(statement);
      (word === 'module' ? modules : resources).push({ symbol, of, existing, body: value });
    } else if (!statement.startsWith('targetScope')) throw new Error(`${path}: what is this? ${statement.slice(0, 80)}`);
    if (!statement.startsWith('@')) decorators = '';
  }
  return { text, params, variables, modules, resources, outputs };
}

const withoutComments = (text: string) => text.replace(/(^|\s)\/\/.*$/gm, '$1');

/** Quoted texts left out, but for what is interpolated in them. */
const withoutTexts = (text: string) =>
  text.replace(
    /'(?:[^'\\]|\\.)*'/g,
    (quoted) => ` ${[...quoted.matchAll(/\$\{([^}]*)\}/g)].map(([, inner]) => inner).join(' ')} `,
  );

function checkBrackets(text: string, path: string): void {
  const open: string[] = [];
  const pairs: Record<string, string> = { ')': '(', ']': '[', '}': '{' };
  for (const character of withoutTexts(text)) {
    if ('([{'.includes(character)) open.push(character);
    else if (character in pairs && open.pop() !== pairs[character]) throw new Error(`${path}: a ${character} closes nothing`);
  }
  if (open.length > 0) throw new Error(`${path}: a ${open.pop()} is never closed`);
}

/** A statement starts at the left edge and goes on until its brackets are closed. */
function statements(text: string): string[] {
  const found: string[] = [];
  let current = '';
  let depth = 0;
  for (const line of text.split('\n')) {
    if (depth === 0 && line.trim() === '') continue;
    current += `${line}\n`;
    for (const character of withoutTexts(line)) depth += '([{'.includes(character) ? 1 : ')]}'.includes(character) ? -1 : 0;
    if (depth !== 0) continue;
    found.push(current.trim());
    current = '';
  }
  return found;
}

/** Names that an expression uses; those after a dot are properties, those before a colon keys. */
export function namesUsed(expression: string): Set<string> {
  const code = withoutTexts(expression).replace(/( in \w+):/g, '$1 ');
  return new Set([...code.matchAll(/(?<![\w.])([A-Za-z_]\w*)\b(?!:)/g)].map(([, name]) => name as string));
}

/** The members of an object on its first level: `{ a: 1, b: { c: 2 } }` → a, b. */
export function members(body: string, key: string): Map<string, string> {
  const start = new RegExp(`^\\s*${key}:\\s*\\{\\s*$`, 'm').exec(body);
  const lines =
    start === null
      ? []
      : body
          .slice(start.index + start[0].length)
          .split('\n')
          .slice(1);
  const found = new Map<string, string>();
  const indent = /^\s*/.exec(lines[0] ?? '')?.[0] ?? '';
  for (const line of lines) {
    if (!line.startsWith(indent)) break;
    const [, name, value = ''] = /^\s*'?([\w.-]+)'?:\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined && line.slice(indent.length) === line.trim()) found.set(name, value);
  }
  return found;
}
