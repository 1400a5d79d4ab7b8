import { type Config, type Setting, type SettingKey, sections, settingEntries } from './schema.ts';

export interface EffectiveSetting {
  readonly name: string;
  /** As an operator would write it; `***` for a secret, empty when there is none. */
  readonly value: string;
  readonly source: 'default' | 'environment' | 'alias';
  /** The variable that set the value. */
  readonly setBy?: string;
}

const longestValue = 80;

/** What is in effect and where it comes from, without secrets. */
export function effectiveSettings(config: Config): EffectiveSetting[] {
  return settingEntries.map(([key, row]) => {
    const setBy = config.sources.get(key);
    const shown = { name: row.env, value: shownValue(row, config[key]) };
    if (setBy === undefined) return { ...shown, source: 'default' };
    return { ...shown, source: setBy === row.env ? 'environment' : 'alias', setBy };
  });
}

/** One line a setting, in columns. */
export function formatSettings(rows: readonly EffectiveSetting[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.map((row) => `${row.name.padEnd(width)}  ${row.value || '-'}  (${origin(row)})\n`).join('');
}

function origin({ source, setBy }: EffectiveSetting): string {
  return source === 'alias' ? `alias ${setBy}` : source;
}

function shownValue(row: Setting<unknown>, value: unknown): string {
  if (value === undefined) return '';
  if (row.secret) return '***';
  const line = String(value).replace(/\s+/g, ' ');
  return line.length > longestValue ? `${line.slice(0, longestValue)}…` : line;
}

const generated = 'Generated from src/config/schema.ts';

type Section = Readonly<Partial<Record<SettingKey, Setting<unknown>>>>;
const sectionEntries = Object.entries(sections).map(
  ([title, section]) => [title, Object.values(section as Section) as Setting<unknown>[]] as const,
);

/** The text of `.env.example`: every setting once, commented out, at its default. */
export function envExample(): string {
  const blocks = sectionEntries.map(([title, rows]) => {
    const lines = rows.map((row) => `# ${row.doc}\n${remarks(row)}#${row.env}=${literalDefault(row)}\n`);
    return `# --- ${title} ---\n\n${lines.join('\n')}`;
  });
  return `${exampleHead}\n${blocks.join('\n')}`;
}

const exampleHead = `# ${generated}. Copy to .env, uncomment what you change, and start with:
#   node --env-file=.env dist/main.js serve
`;

function remarks(row: Setting<unknown>): string {
  const required = row.requiredInProduction === undefined ? '' : `# Required in production: ${row.requiredInProduction}.\n`;
  return literalDefault(row) === row.defaultText ? required : `# Default: ${row.defaultText}.\n${required}`;
}

/** Defaults that depend on other settings are told in words, not as a value. */
function literalDefault(row: Setting<unknown>): string {
  return row.defaultIsLiteral ? row.defaultText : '';
}

/** The text of `docs/reference/settings.md`. */
export function referencePage(): string {
  const tables = sectionEntries.map(([title, rows]) => {
    const head = '| name | meaning | default | secret | required in production |\n|---|---|---|---|---|';
    return `## ${title}\n\n${head}\n${rows.map(referenceRow).join('\n')}\n`;
  });
  return `${referenceHead}\n${tables.join('\n')}`;
}

function referenceRow(row: Setting<unknown>): string {
  const alias = row.aliases.length === 0 ? '' : ` (alias ${row.aliases.map((name) => `\`${name}\``).join(', ')})`;
  const value = row.defaultIsLiteral && row.defaultText !== '' ? `\`${row.defaultText}\`` : row.defaultText;
  const cells = [`\`${row.env}\`${alias}`, row.doc, value, row.secret ? 'yes' : '', row.requiredInProduction ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/<(\w+)>/g, '&lt;$1&gt;')).join(' | ')} |`;
}

const referenceHead = `# Settings

<!-- ${generated}. To change this page, change the table there and run: UPDATE_REFERENCE=1 npx vitest run test/config/reference.test.ts -->

Every setting is an environment variable. Surrounding quotes and blanks are removed; an empty value counts as none.

The server does not start, and exits with 78, when a value cannot be used, when a name is a near miss of one below, when an unknown
name starts with \`ZAVA_\`, when production lacks a required setting, or when settings together are unsafe. It names everything at once.
\`zava-mcp-server config show\` prints what is in effect and where each value comes from; secrets appear as \`***\`.
`;
