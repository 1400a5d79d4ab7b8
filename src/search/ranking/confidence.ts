import type { LexicalIndex } from './lexical-index.ts';
import type { RankedItem } from './rank-items.ts';
import type { ReadQuestion } from './read-question.ts';

/** What tells a question that the catalogue answers from one that it does not. Each 0..1. */
export interface Evidence {
  /** Best lexical score. */
  readonly words: number;
  /** Share of the question in words that the catalogue and the trade do not know. */
  readonly unknown: number;
  /** Share of the question in names of things that such a shop does not have. */
  readonly elsewhere: number;
  /** Best closeness in meaning; absent when no model answered. */
  readonly closeness?: number;
}

/**
 * Logistic regression on the questions of data/search-eval that were written for it; `search eval` shows what it does to others.
 * Closeness is on each model's own scale (`closenessOf`), so one curve serves them all.
 */
const withMeaning = { constant: 0.57, words: 2.97, unknown: -3.26, elsewhere: -6.9, closeness: 0.66 };
const wordsAlone = { constant: 0.8, words: 3.18, unknown: -3.4, elsewhere: -6.99, closeness: 0 };

/** Probability that the catalogue answers the question, 0..1. */
export function confidenceIn(evidence: Evidence): number {
  const curve = evidence.closeness === undefined ? wordsAlone : withMeaning;
  const sum =
    curve.constant +
    curve.words * evidence.words +
    curve.unknown * evidence.unknown +
    curve.elsewhere * evidence.elsewhere +
    curve.closeness * (evidence.closeness ?? 0);
  return 1 / (1 + Math.exp(-sum));
}

export function evidenceOf(
  index: LexicalIndex,
  question: ReadQuestion,
  ranked: readonly RankedItem[],
  meaning: boolean,
): Evidence {
  const most = (value: (item: RankedItem) => number) => ranked.reduce((best, item) => Math.max(best, value(item)), 0);
  return {
    words: index.size === 0 ? 0 : most(({ lexical }) => lexical.score),
    unknown: question.unknown,
    elsewhere: elsewhereIn(index, question, ranked[0]?.position),
    ...(meaning && { closeness: most(({ closeness }) => closeness) }),
  };
}

/** What such a shop does not have may still be what its goods are for: "hang a mirror". Then it counts half; in its title, not at all. */
function elsewhereIn(index: LexicalIndex, { terms, elsewhere }: ReadQuestion, best: number | undefined): number {
  const document = best === undefined ? undefined : index.documents[best];
  let total = 0;
  let share = 0;
  for (const { stem, weight } of terms) {
    total += weight;
    if (!elsewhere.has(stem) || document?.title.has(stem)) continue;
    share += document?.frequencies.has(stem) ? weight / 2 : weight;
  }
  return total === 0 ? 0 : share / total;
}

/** Under it, an answer says of itself that nothing fits well. */
export const confidentFrom = 0.45;

/** Spreads the doubtful: an even chance reads 66, and the default threshold of 30 drops what is less likely than one in seven. */
const spread = 0.6;

/**
 * What one row is worth, in percent: the confidence in the answer, less the further the row lags behind the first. The root keeps
 * good second choices above the default threshold.
 */
export const similarityOf = (confidence: number, score: number, best: number): number =>
  best <= 0 ? 0 : Math.round(1000 * confidence ** spread * Math.sqrt(Math.min(1, score / best))) / 10;
