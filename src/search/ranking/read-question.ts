import type { IsWord } from '../words/dictionary.ts';
import { createSpelling } from '../words/spelling.ts';
import { stemOf, type Term, termsOf } from '../words/terms.ts';
import type { LexicalIndex, WeightedTerm } from './lexical-index.ts';
import { parseQuestion, type Question } from './question.ts';

export interface ReadQuestion extends Question {
  /** The words after mending, each with what it says. */
  readonly terms: readonly WeightedTerm[];
  /** Share of the weight in words that the index does not know, 0..1. */
  readonly unknown: number;
  /** Stems of things that such a shop does not have. */
  readonly elsewhere: ReadonlySet<string>;
  /** What the embedding model is given: the question as meant, without its price. */
  readonly meaning: string;
}

export interface QuestionReaderOptions {
  readonly index: LexicalIndex;
  readonly isWord: IsWord;
  /** Names of things that such a shop does not have. */
  readonly elsewhere: readonly string[];
}

/** Takes a question apart and mends its spelling towards the words of the index, before anything is ranked. */
export function createQuestionReader({ index, isWord, elsewhere }: QuestionReaderOptions): (text: string) => ReadQuestion {
  const foreign = elsewhere.map((name) => termsOf(name).map(({ stem }) => stem));
  const foreignWords = new Set(elsewhere.flatMap((name) => termsOf(name).map(({ word }) => word)));
  const spelling = createSpelling({ vocabulary: index.vocabulary, isWord: (word) => isWord(word) || foreignWords.has(word) });

  return (text) => {
    const question = parseQuestion(text);
    const wanted = mendAll(question.wanted, index, spelling);
    const stems = [...new Set(wanted.map(({ stem }) => stem))];
    const terms = stems.map((stem) => ({ stem, weight: weightOf(stem, index) }));
    const total = terms.reduce((sum, { weight }) => sum + weight, 0);
    const shareOf = (belongs: (stem: string) => boolean) =>
      total === 0 ? 0 : terms.reduce((sum, { stem, weight }) => sum + (belongs(stem) ? weight : 0), 0) / total;
    const foreignStems = new Set(foreign.filter((name) => occursIn(name, stems)).flat());
    return {
      ...question,
      terms,
      unknown: shareOf((stem) => !stem.startsWith('no:') && !index.knows(stem)),
      elsewhere: foreignStems,
      meaning: meaningOf(question, wanted),
    };
  };
}

/** Each is compared with every word of the catalogue, while other callers wait: nobody misspells more in one question. */
const mostMended = 8;

function mendAll(wanted: readonly Term[], index: LexicalIndex, spelling: ReturnType<typeof createSpelling>): Term[] {
  const mended: Term[] = [];
  let toMend = mostMended;
  for (let at = 0; at < wanted.length; at += 1) {
    const term = wanted[at] as Term;
    const next = wanted[at + 1];
    const joined = next === undefined ? undefined : spelling.joins(term.word, next.word);
    if (joined !== undefined) mended.push({ word: joined, stem: stemOf(joined) });
    const asItIs = term.word.startsWith('no:') || index.knows(term.stem);
    if (!asItIs) toMend -= 1;
    if (asItIs || toMend < 0) mended.push(term);
    else mended.push(...spelling.mend(term.word).map((word) => ({ word, stem: stemOf(word) })));
  }
  return mended;
}

/** As asked, while every word is right: a model understands sentences. Otherwise the mended words. */
function meaningOf({ text, wanted }: Question, mended: readonly Term[]): string {
  const known = new Set(mended.map(({ word }) => word));
  if (wanted.every(({ word }) => known.has(word))) return text;
  return mended
    .filter(({ word }) => !word.startsWith('no:'))
    .map(({ word }) => word)
    .join(' ');
}

/** A thing that it should be without says little about what it is; a bare number says less than a word. */
function weightOf(stem: string, index: LexicalIndex): number {
  const weight = index.weightOf(stem);
  if (stem.startsWith('no:')) return index.knows(stem) ? 0.5 * weight : 0;
  return /^\d+$/.test(stem) ? 0.5 * weight : weight;
}

const occursIn = (name: readonly string[], stems: readonly string[]): boolean =>
  stems.some((_, start) => name.every((stem, offset) => stems[start + offset] === stem));
