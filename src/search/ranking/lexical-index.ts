import { isFunctionWord, type Term, termsOf } from '../words/terms.ts';

/** The parts of a document, strongest first. What a trade calls a thing and uses it for comes from `expansion.ts`. */
export const fieldNames = ['title', 'kind', 'names', 'text', 'uses', 'kindNames', 'kindUses', 'group'] as const;
export type FieldName = (typeof fieldNames)[number];
export type FieldTexts = Readonly<Record<FieldName, readonly string[]>>;

interface FieldWeight {
  readonly weight: number;
  /** How much a long field counts less: BM25's b. */
  readonly length: number;
}

const fields: Readonly<Record<FieldName, FieldWeight>> = {
  title: { weight: 3, length: 0.4 },
  kind: { weight: 2, length: 0.2 },
  names: { weight: 1.8, length: 0.2 },
  text: { weight: 1, length: 0.4 },
  uses: { weight: 1, length: 0.2 },
  kindNames: { weight: 1, length: 0.2 },
  kindUses: { weight: 0.6, length: 0.2 },
  group: { weight: 0.6, length: 0 },
};

/** BM25's k1: how soon repetition stops to count. */
const saturation = 1.2;

export interface LexicalDocument {
  /** Weighted frequency by stem, over all fields. */
  readonly frequencies: ReadonlyMap<string, number>;
  /** Stems of what it is called: title and kind, with the trade's other names for them. */
  readonly called: ReadonlySet<string>;
  /** The same without what only its kind is called: some of the kind are something else. */
  readonly itself: ReadonlySet<string>;
  readonly title: ReadonlySet<string>;
}

export interface LexicalMatch {
  /** BM25F as a share of what a perfect document would get, 0..1. */
  readonly score: number;
  /** Share of the question's weight that the document contains at all, 0..1. */
  readonly cover: number;
  /** The same, counting only what it is called. */
  readonly calledCover: number;
}

export interface WeightedTerm {
  readonly stem: string;
  readonly weight: number;
}

/** Words of all documents, weighed by field (BM25F: Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, section 3.6). */
export function createLexicalIndex(texts: readonly FieldTexts[]) {
  // Many documents share the words of their kind.
  const read = new Map<string, Term[]>();
  const termsIn = (text: string): Term[] => {
    const terms = read.get(text) ?? documentTerms(text);
    read.set(text, terms);
    return terms;
  };
  const parsed = texts.map((document) => fieldNames.map((field) => document[field].flatMap(termsIn)));
  const meanLengths = fieldNames.map((_, field) => mean(parsed.map((terms) => terms[field]?.length ?? 0)) || 1);
  const documents = parsed.map((terms) => toDocument(terms, meanLengths));
  const documentCounts = new Map<string, number>();
  for (const { frequencies } of documents) {
    for (const stem of frequencies.keys()) documentCounts.set(stem, (documentCounts.get(stem) ?? 0) + 1);
  }
  const rarest = idf(documents.length, 0);
  const weightOf = (stem: string) => {
    const count = documentCounts.get(stem);
    return count === undefined ? rarest : idf(documents.length, count);
  };

  return {
    size: documents.length,
    documents,
    /** Words as written, with the number of their occurrences. */
    vocabulary: vocabularyOf(parsed.flat(2)),
    knows: (stem: string): boolean => documentCounts.has(stem),
    /** How much a word says: inverse document frequency; of an unknown word, that of the rarest. */
    weightOf,
    match(position: number, terms: readonly WeightedTerm[]): LexicalMatch {
      const document = documents[position] as LexicalDocument;
      let total = 0;
      let score = 0;
      let cover = 0;
      let calledCover = 0;
      for (const { stem, weight } of terms) {
        total += weight;
        const frequency = document.frequencies.get(stem);
        if (frequency === undefined) continue;
        score += (weight * frequency) / (saturation + frequency);
        cover += weight;
        if (document.called.has(stem)) calledCover += weight;
      }
      return total === 0 ? nothing : { score: score / total, cover: cover / total, calledCover: calledCover / total };
    },
  };
}

export type LexicalIndex = ReturnType<typeof createLexicalIndex>;

const nothing: LexicalMatch = { score: 0, cover: 0, calledCover: 0 };
const idf = (size: number, count: number): number => Math.log(1 + (size - count + 0.5) / (count + 0.5));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function toDocument(terms: readonly (readonly Term[])[], meanLengths: readonly number[]): LexicalDocument {
  const frequencies = new Map<string, number>();
  fieldNames.forEach((name, field) => {
    const found = terms[field] ?? [];
    const { weight, length } = fields[name];
    const normal = 1 - length + (length * found.length) / (meanLengths[field] ?? 1);
    // A phrase list repeats its words by chance: there, being in it is all that counts.
    const counted = name === 'title' || name === 'text' ? found : distinct(found);
    for (const { stem } of counted) frequencies.set(stem, (frequencies.get(stem) ?? 0) + weight / normal);
  });
  const stemsOf = (...names: FieldName[]) =>
    new Set(names.flatMap((name) => (terms[fieldNames.indexOf(name)] ?? []).map(({ stem }) => stem)));
  return {
    frequencies,
    called: stemsOf('title', 'kind', 'names', 'kindNames', 'group'),
    itself: stemsOf('title', 'kind', 'names'),
    title: stemsOf('title'),
  };
}

const distinct = (terms: readonly Term[]): Term[] => [...new Map(terms.map((term) => [term.stem, term])).values()];

function vocabularyOf(terms: readonly Term[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { word } of terms) if (!word.startsWith('no:')) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** What a text says it is without ("no wiring", "lead-free") becomes `no:` and the word. Sizes are there whole and in parts. */
function documentTerms(text: string): Term[] {
  const found: Term[] = [];
  const terms = termsOf(text);
  terms.forEach((term, index) => {
    if (isFunctionWord(term.word)) return;
    const before = terms[index - 1]?.word ?? '';
    const denied = before === 'no' || before === 'without' || before === 'non';
    if (denied || terms[index + 1]?.word === 'free') found.push({ word: `no:${term.word}`, stem: `no:${term.stem}` });
    if (!denied) found.push(term, ...partsOf(term));
  });
  return found;
}

/** `4x8x3/4` is also found as `4x8` and `3/4`, `1-1/4in` also without its unit. */
function partsOf({ word }: Term): Term[] {
  if (!/\d/.test(word)) return [];
  const parts = new Set<string>();
  const sides = word.split('x');
  for (let from = 0; sides.length > 1 && from < sides.length; from += 1) {
    for (let to = from + 1; to <= sides.length; to += 1) parts.add(sides.slice(from, to).join('x'));
  }
  const number = /^(\d[\d/-]*)[a-z]+$/.exec(word)?.[1];
  if (number !== undefined) parts.add(number);
  // The last side of a sheet is its thickness: where it is a fraction, of an inch.
  const thickness = sides.length > 1 ? sides.at(-1) : undefined;
  if (thickness?.includes('/')) parts.add(`${thickness}in`);
  parts.delete(word);
  return [...parts].map((part) => ({ word: part, stem: part }));
}
