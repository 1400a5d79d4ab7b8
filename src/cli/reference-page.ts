import type { Command, Option } from 'commander';

/** docs/reference/command-line.md: every verb with its arguments and options, as the program itself has them. */
export function commandLinePage(program: Command): string {
  const verbs = leavesOf(program);
  return [
    '# Command line',
    '',
    '<!-- Generated from src/cli/program.ts. To change this page, change the verbs there and run: UPDATE_REFERENCE=1 npx vitest run test/docs -->',
    '',
    '`npx zava-mcp-server <verb>`, in a checkout that is built or where the package is installed. Without a verb it serves over stdio. Machine output goes to stdout,',
    'everything else to stderr. Exit codes: 0 done, 1 found faults or failed, 2 bad usage, 78 configuration refused.',
    '',
    ...verbs.flatMap(({ name, command }) => section(name, command)),
  ].join('\n');
}

interface Verb {
  readonly name: string;
  readonly command: Command;
}

function leavesOf(command: Command, name = ''): Verb[] {
  if (command.commands.length === 0) return [{ name, command }];
  return command.commands.flatMap((verb) => leavesOf(verb, `${name} ${verb.name()}`.trim()));
}

function section(name: string, command: Command): string[] {
  const given = command.registeredArguments.map(
    (argument) => ` ${argument.required ? `<${argument.name()}>` : `[${argument.name()}]`}`,
  );
  const rows = [
    ...command.registeredArguments.map((argument) => row(argument.name(), argument.description)),
    ...command.options.map((option) => row(option.flags, meaning(option))),
  ];
  const table = rows.length === 0 ? [] : ['| | |', '|---|---|', ...rows, ''];
  return [`## ${name}${given.join('')}`, '', `${sentence(command.description())}`, '', ...table];
}

const row = (what: string, text: string) => `| \`${what.replaceAll('|', '\\|')}\` | ${text.replaceAll('|', '\\|')} |`;
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function meaning({ description, argChoices, defaultValue, mandatory }: Option): string {
  const notes = [
    ...(mandatory ? ['required'] : []),
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(typeof defaultValue === 'string' || typeof defaultValue === 'number' ? [`default ${defaultValue || '""'}`] : []),
  ];
  return `${description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}
