/** Less in common than this, and a name is not what somebody meant: pg_trgm's own default for being similar. */
const leastLikeness = 0.3;

/**
 * The names most like one that is not known, the nearest first, for the hint of a refusal; none where nothing is like it.
 * Decided here: not every database compares texts.
 */
export function nearestNames(name: string, known: readonly string[], most = 3): string[] {
  const wanted = trigramsOf(name);
  return known
    .map((candidate) => ({ candidate, likeness: likeness(wanted, trigramsOf(candidate)) }))
    .filter((known) => known.likeness >= leastLikeness)
    .sort((a, b) => b.likeness - a.likeness || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** Every three characters in a row, its ends marked, as pg_trgm counts them. */
function trigramsOf(text: string): Set<string> {
  const marked = `  ${text.toLowerCase()} `;
  return new Set(Array.from({ length: marked.length - 2 }, (_, start) => marked.slice(start, start + 3)));
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((trigram) => b.has(trigram)).length;
  return shared / (a.size + b.size - shared);
}
