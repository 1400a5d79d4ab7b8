const shortestName = 9;
const sharedStart = 5;
const furthest = 2;

/**
 * The known setting that an unknown variable's name is a misspelling of. Short names and other beginnings do not count:
 * `HOME` is not a misspelt `HOST`.
 */
export function nearMiss(name: string, known: readonly string[]): string | undefined {
  const candidates = known
    .filter((candidate) => candidate.length >= shortestName && candidate.slice(0, sharedStart) === name.slice(0, sharedStart))
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ distance }) => distance <= furthest)
    .sort((a, b) => a.distance - b.distance);
  return candidates[0]?.candidate;
}

/** Levenshtein: single characters inserted, deleted or replaced. */
export function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, character] of [...from].entries()) {
    const current = [row + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = at(above, column - 1) + (character === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(above, column) + 1, at(current, column - 1) + 1));
    }
    above = current;
  }
  return at(above, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] as number;
}
