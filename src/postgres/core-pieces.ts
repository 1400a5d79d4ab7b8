import { readdir, readFile } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';

/** SQL that every schema's migrations share; migrations/core/README.md says what each piece gives. */
export interface CorePieces {
  readonly texts: ReadonlyMap<string, string>;
  /** In the order in which every schema has to take them. */
  readonly required: readonly string[];
}

/** With a number in front, a piece is taken once by every schema; without one, as often as there are tables for it. */
export async function readCorePieces(directory: URL): Promise<CorePieces> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  const named = files.map((file) => ({ file, name: file.replace(/^\d+_|\.sql$/g, '') }));
  const texts = await Promise.all(named.map(({ file }) => readFile(new URL(file, directory), 'utf8')));
  return {
    texts: new Map(named.map(({ name }, index) => [name, (texts[index] ?? '').trimEnd()])),
    required: named.filter(({ file }) => /^\d/.test(file)).map(({ name }) => name),
  };
}

export interface Expanded {
  readonly text: string;
  /** The pieces that stand in it. */
  readonly pieces: readonly string[];
}

/** Puts the pieces in the place of their lines: `{{core <piece> <name>=<value> …}}`. A value with blanks stands in quotes. */
export function expandPieces(file: string, text: string, { texts }: CorePieces): Expanded {
  const pieces: string[] = [];
  const expanded = text.replace(/^\{\{core (.*)\}\}$/gm, (line, told: string) => {
    const [name = '', ...values] = told.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
    const piece = texts.get(name);
    if (piece === undefined) throw refused(file, line, `there is no such piece: ${[...texts.keys()].join(', ')}`);
    pieces.push(name);
    return filled(piece, values.map(namedValue), (fault) => refused(file, line, fault));
  });
  const left = /\{\{core\b.*/.exec(expanded);
  if (left !== null) throw refused(file, left[0], 'a piece stands alone on its line');
  return { text: expanded, pieces };
}

function namedValue(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, Math.max(at, 0)), text.slice(at + 1).replaceAll('"', '')];
}

function filled(piece: string, values: readonly (readonly [string, string])[], refuse: (fault: string) => AppError): string {
  const told = new Map(values);
  const wanted = new Set([...piece.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name).filter((name) => name !== 'prefix'));
  const missing = [...wanted].filter((name) => !told.has(name));
  const unknown = [...told.keys()].filter((name) => !wanted.has(name));
  if (missing.length > 0) throw refuse(`it must be told ${missing.join(', ')}`);
  if (unknown.length > 0) throw refuse(`it knows no ${unknown.join(', ')}`);
  return piece.replace(/\{\{(\w+)\}\}/g, (mark, name: string) => told.get(name) ?? mark);
}

function refused(file: string, line: string, fault: string): AppError {
  return new AppError('misconfigured', `The migration file ${file} says ${line}: ${fault}`, {
    hint: 'migrations/core/README.md lists the pieces and what each is told.',
  });
}

/** Whoever serves without a piece would miss a table, or a mended wall. Throws `misconfigured` with the line to add. */
export function refuseMissingPieces(taken: readonly string[], { required, texts }: CorePieces, nextFile: string): void {
  const ordered = taken.filter((name) => required.includes(name));
  const at = required.findIndex((name, index) => ordered[index] !== name);
  const name = required[at];
  if (name === undefined && ordered.length === required.length) return;
  if (name === undefined || ordered.includes(name)) {
    const offender = ordered[at < 0 ? required.length : at];
    throw new AppError('misconfigured', `The migrations take the core's piece ${offender} out of order, or twice`, {
      hint: `Each is taken once, in this order: ${required.join(', ')}.`,
    });
  }
  const telling = [...new Set([...(texts.get(name) ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, wanted]) => wanted))]
    .filter((wanted) => wanted !== 'prefix')
    .map((wanted) => ` ${wanted}=…`);
  throw new AppError('misconfigured', `The migrations lack the core's piece ${name}`, {
    hint: `Add the file ${nextFile}_${name}.sql with the line {{core ${name}${telling.join('')}}}.`,
  });
}
