import { type JudgedQuery, unanswerable } from './query-file.ts';

/** What a system said to one question: codes of items, the best first, and whether it stood by them. */
export interface Answer {
  readonly codes: readonly string[];
  readonly confident: boolean;
}

export interface Quality {
  /** Normalised discounted cumulative gain of the first ten, gain 2^grade - 1. */
  readonly ndcg: number;
  /** Reciprocal rank of the first good one (grade 2 or 3) among ten. */
  readonly mrr: number;
  /** Share of the good ones that are among the first ten. */
  readonly recall: number;
  /** 1 where the first one is good. */
  readonly precision: number;
}

const depth = 10;
const goodFrom = 2;

export function qualityOf({ judgments }: Pick<JudgedQuery, 'judgments'>, codes: readonly string[]): Quality {
  const grades = codes.slice(0, depth).map((code) => judgments[code] ?? 0);
  const ideal = Object.values(judgments).sort((a, b) => b - a);
  const good = ideal.filter((grade) => grade >= goodFrom).length;
  const first = grades.findIndex((grade) => grade >= goodFrom);
  const best = gain(ideal.slice(0, depth));
  return {
    ndcg: best === 0 ? 0 : gain(grades) / best,
    mrr: first < 0 ? 0 : 1 / (first + 1),
    recall: good === 0 ? 0 : grades.filter((grade) => grade >= goodFrom).length / good,
    precision: first === 0 ? 1 : 0,
  };
}

const gain = (grades: readonly number[]): number =>
  grades.reduce((sum, grade, place) => sum + (2 ** grade - 1) / Math.log2(place + 2), 0);

export interface Summary extends Quality {
  /** nDCG by class of question. */
  readonly classes: Readonly<Record<string, number>>;
  /** Share of the unanswerable questions that were answered with confidence. */
  readonly falsePositives: number;
  /** Share of the answerable ones that were not. */
  readonly heldBack: number;
}

export function summarise(judged: readonly { readonly query: JudgedQuery; readonly answer: Answer }[]): Summary {
  const honest = judged
    .filter(({ query }) => query.class !== unanswerable)
    .map((one) => ({ ...one, quality: qualityOf(one.query, one.answer.codes) }));
  const without = judged.filter(({ query }) => query.class === unanswerable);
  const classes = [...new Set(honest.map(({ query }) => query.class))];
  return {
    ndcg: mean(honest.map(({ quality }) => quality.ndcg)),
    mrr: mean(honest.map(({ quality }) => quality.mrr)),
    recall: mean(honest.map(({ quality }) => quality.recall)),
    precision: mean(honest.map(({ quality }) => quality.precision)),
    classes: Object.fromEntries(
      classes.map((name) => [name, mean(honest.filter(({ query }) => query.class === name).map(({ quality }) => quality.ndcg))]),
    ),
    falsePositives: mean(without.map(({ answer }) => (answer.confident ? 1 : 0))),
    heldBack: mean(honest.map(({ answer }) => (answer.confident ? 0 : 1))),
  };
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
