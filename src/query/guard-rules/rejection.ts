import { scanSync } from './parser.ts';

/**
 * A place in the caller's text: a byte offset, as the parser counts in trees; a character, as it counts in syntax errors; or
 * the keywords of a clause, where the tree does not say.
 */
export type TextPlace = number | { readonly character: number } | { readonly keywords: RegExp };

/**
 * A refusal on its way up to `guard.ts`, which alone knows the caller's text and so turns the place into a position that a
 * reader can count.
 */
export class Rejection extends Error {
  readonly hint: string | undefined;
  /** Undefined where no place can be named. */
  readonly place: TextPlace | undefined;

  constructor(message: string, hint?: string, place?: TextPlace) {
    super(message);
    this.name = 'Rejection';
    this.hint = hint;
    this.place = place;
  }
}

export function reject(message: string, hint?: string, place?: TextPlace): never {
  throw new Rejection(message, hint, place);
}

/** Characters before the place plus one, code points counted as PostgreSQL does; undefined where the keywords are not found. */
export function positionIn(sql: string, place: TextPlace): number | undefined {
  if (typeof place !== 'number' && 'character' in place) return place.character + 1;
  const offset = typeof place === 'number' ? place : offsetOf(sql, place.keywords);
  return offset === undefined ? undefined : [...Buffer.from(sql).subarray(0, offset).toString()].length + 1;
}

/** Byte offset of the first run of tokens that the pattern matches, tokens in lower case with one blank between. */
function offsetOf(sql: string, keywords: RegExp): number | undefined {
  const tokens = scanSync(sql).tokens;
  const found = tokens.findIndex((_, index) => {
    const run = tokens.slice(index, index + 2).map((token) => token.text.toLowerCase());
    return keywords.test(run.join(' '));
  });
  return tokens[found]?.start;
}
