import type { LexicalIndex, LexicalMatch } from './lexical-index.ts';
import type { ReadQuestion } from './read-question.ts';

/** The numbers of the ranking. Tuned on questions written for that purpose: docs/search.md says which. */
export interface RankingNumbers {
  /** Part of the vectors where the words cover the whole question, and where they cover nothing of it. */
  readonly gate: { readonly covered: number; readonly uncovered: number; readonly power: number };
  /** What a title wins that consists of the question's words. */
  readonly titleBonus: number;
  /** What is left of the score of something that has what it should be without: in its name, or in its text. */
  readonly unwanted: { readonly called: number; readonly mentioned: number };
}

export const rankingNumbers: RankingNumbers = {
  gate: { covered: 0.1, uncovered: 0.65, power: 2 },
  titleBonus: 0.15,
  unwanted: { called: 0.1, mentioned: 0.5 },
};

export interface RankedItem {
  readonly position: number;
  /** 0..1, comparable within one question only. */
  readonly score: number;
  readonly lexical: LexicalMatch;
  /** Calibrated closeness in meaning, 0..1; 0 without a model. */
  readonly closeness: number;
}

export interface RankRequest {
  readonly index: LexicalIndex;
  readonly question: ReadQuestion;
  /** By position, 0..1. Absent: words alone decide. */
  readonly closeness?: ReadonlyMap<number, number>;
  /** By position; undefined = no price. */
  readonly priceOf: (position: number) => number | undefined;
  readonly numbers?: RankingNumbers;
}

/**
 * Words and meaning, fused by a gate: the less of the question's weight the best document covers, the more the vectors count.
 * Equal votes lose the first place to chance words (docs/search.md).
 */
export function rankItems({ index, question, closeness, priceOf, numbers = rankingNumbers }: RankRequest): RankedItem[] {
  const matches = index.documents.map((_, position) => index.match(position, question.terms));
  const best = matches.reduce((most, { cover }) => Math.max(most, cover), 0);
  const { covered, uncovered, power } = numbers.gate;
  const part = closeness === undefined ? 0 : covered + (uncovered - covered) * (1 - best) ** power;
  const ranked: RankedItem[] = [];
  matches.forEach((lexical, position) => {
    if (!withinPrice(priceOf(position), question)) return;
    const near = closeness?.get(position) ?? 0;
    const words = Math.min(1, lexical.score + numbers.titleBonus * titleShare(index, position, question));
    const fused = ((1 - part) * words + part * near) * penaltyOf(index, position, question, numbers);
    if (fused > 0) ranked.push({ position, score: fused, lexical, closeness: near });
  });
  return byPriceWish(
    ranked.sort((a, b) => b.score - a.score || a.position - b.position),
    question,
    priceOf,
  );
}

function withinPrice(price: number | undefined, { price: { least, most } }: ReadQuestion): boolean {
  if (least === undefined && most === undefined) return true;
  return price !== undefined && price >= (least ?? 0) && price <= (most ?? Number.POSITIVE_INFINITY);
}

/** How much of the title the question names, times how much of the question the title answers. */
function titleShare(index: LexicalIndex, position: number, question: ReadQuestion): number {
  const { title } = index.documents[position] ?? { title: new Set<string>() };
  let named = 0;
  let total = 0;
  for (const stem of title) {
    const weight = index.weightOf(stem);
    total += weight;
    if (question.terms.some((term) => term.stem === stem)) named += weight;
  }
  const asked = question.terms.reduce((sum, { weight }) => sum + weight, 0);
  const answered = question.terms.reduce((sum, { stem, weight }) => sum + (title.has(stem) ? weight : 0), 0);
  return total === 0 || asked === 0 ? 0 : (named / total) * (answered / asked);
}

function penaltyOf(index: LexicalIndex, position: number, { unwanted }: ReadQuestion, numbers: RankingNumbers): number {
  const document = index.documents[position];
  let penalty = 1;
  for (const stem of unwanted) {
    if (document === undefined || document.frequencies.has(`no:${stem}`)) continue;
    if (document.itself.has(stem)) penalty *= numbers.unwanted.called;
    else if (document.frequencies.has(stem)) penalty *= numbers.unwanted.mentioned;
  }
  return penalty;
}

/** Share of the best score from which on two things answer a question equally well, and price may decide. */
const alikeFrom = 0.75;

/** The cheapest of those that answer the question about as well as the best does; a milder wish only tilts the order. */
function byPriceWish(ranked: RankedItem[], { priceWish }: ReadQuestion, priceOf: RankRequest['priceOf']): RankedItem[] {
  const best = ranked[0]?.score ?? 0;
  if (priceWish === undefined || best === 0) return ranked;
  const alike = ranked.filter(({ score }) => score >= alikeFrom * best);
  const prices = alike.map(({ position }) => priceOf(position) ?? 0).sort((a, b) => a - b);
  const strength = priceWish.extreme ? 1 : 0.4;
  const worth = (item: RankedItem) => {
    const place = prices.indexOf(priceOf(item.position) ?? 0) / Math.max(1, prices.length - 1);
    return item.score / best + strength * (priceWish.end === 'cheap' ? 1 - place : place);
  };
  return [...alike.sort((a, b) => worth(b) - worth(a)), ...ranked.filter(({ score }) => score < alikeFrom * best)];
}
