import { type StatementTree, withoutLiterals } from '../query/statement-tree.ts';

const mostLetters = 300;

/** One line without literals and control characters: terminals obey some of them. */
export function shownText(tree: StatementTree): string {
  const line = withoutLiterals(tree)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return line.length <= mostLetters ? line : `${line.slice(0, mostLetters)} …`;
}
