import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../postgres/database.ts';
import { loadItems, type ProductCatalogue } from '../catalogue.ts';
import type { QuestionEmbedder } from '../embedding/question-embedder.ts';
import { createProductSearch } from '../product-search.ts';
import { noTradeWords, type TradeWords } from '../ranking/expansion.ts';
import { type Summary, summarise } from './metrics.ts';
import { type JudgedQuery, unanswerable } from './query-file.ts';
import { asServed, equalFusion, fullText, type Ranking, type RankingSystem, trigram, vectors } from './systems.ts';

export interface EvaluationRequest {
  readonly database: Pick<Database, 'query'>;
  readonly catalogue: ProductCatalogue;
  readonly queries: readonly JudgedQuery[];
  /** Absent: words alone. */
  readonly embedder?: QuestionEmbedder | undefined;
  readonly clock: Clock;
}

export interface SystemResult extends Summary {
  readonly system: string;
}

export interface Evaluation {
  readonly queries: number;
  readonly systems: readonly SystemResult[];
  /** Milliseconds within which 95 % of the questions were answered. */
  readonly latencyP95: { readonly firstTime: number; readonly again: number };
  readonly leaveOneKindOut: LeaveOneKindOut;
}

/** What the trade's words of single kinds carry. Words written for the judged questions would sit in few kinds. */
export interface LeaveOneKindOut {
  /** Kinds that some judged question is about. */
  readonly kinds: number;
  readonly ndcg: number;
  readonly ndcgWithoutWords: number;
  /** nDCG over all questions with one kind's words left out: on average over the kinds, and for the worst one. */
  readonly mean: number;
  readonly worst: { readonly kind: string; readonly ndcg: number };
}

export async function evaluate(request: EvaluationRequest): Promise<Evaluation> {
  const { database, catalogue, queries, embedder, clock } = request;
  const words = await catalogue.loadTradeWords();
  const ours = searchWith(request, words);
  const latencies = [await timeAll(queries, ours, clock), await timeAll(queries, ours, clock)];
  const items = await loadItems(database, catalogue);
  const text = fullText(database, catalogue);
  const systems: RankingSystem[] = [text, trigram(database, catalogue)];
  if (embedder !== undefined) {
    const codeOf = new Map(items.map(({ key, code }) => [key, code]));
    const near = vectors(database, catalogue, embedder, codeOf);
    systems.push(near, equalFusion(text, near));
  }
  systems.push(searchWith(request, noTradeWords, 'ours without trade words'), ours);
  const results: SystemResult[] = [];
  for (const system of systems) results.push(await judge(system, queries));
  const kindOf = new Map(items.map(({ code, group, kind }) => [code, `${group} > ${kind}`]));
  return {
    queries: queries.length,
    systems: results,
    latencyP95: { firstTime: latencies[0] ?? 0, again: latencies[1] ?? 0 },
    leaveOneKindOut: await leaveOneKindOut(request, words, kindOf),
  };
}

function searchWith({ database, catalogue, embedder }: EvaluationRequest, words: TradeWords, name = 'ours'): RankingSystem {
  const { search } = createProductSearch({
    database,
    catalogue: { ...catalogue, loadTradeWords: async () => words },
    embedder,
    note: () => {},
  });
  return asServed(name, search);
}

async function judge(system: RankingSystem, queries: readonly JudgedQuery[]): Promise<SystemResult> {
  const ranked: { query: JudgedQuery; ranking: Ranking }[] = [];
  for (const query of queries) ranked.push({ query, ranking: await system.rank(query.query) });
  const threshold = bestThreshold(ranked);
  const judged = ranked.map(({ query, ranking }) => ({
    query,
    answer: { codes: ranking.codes, confident: ranking.confident ?? (ranking.codes.length > 0 && ranking.best >= threshold) },
  }));
  return { system: system.name, ...summarise(judged) };
}

/** The one that errs least on these very questions: kinder than a threshold that has to be chosen before. */
function bestThreshold(ranked: readonly { readonly query: JudgedQuery; readonly ranking: Ranking }[]): number {
  const share = (threshold: number, answerable: boolean) => {
    const all = ranked.filter(({ query }) => (query.class !== unanswerable) === answerable);
    const over = all.filter(({ ranking }) => ranking.best >= threshold).length;
    return all.length === 0 ? 0 : (answerable ? all.length - over : over) / all.length;
  };
  const errors = (threshold: number) => share(threshold, true) + share(threshold, false);
  return ranked.map(({ ranking }) => ranking.best).reduce((best, next) => (errors(next) < errors(best) ? next : best), 0);
}

async function timeAll(queries: readonly JudgedQuery[], system: RankingSystem, clock: Clock): Promise<number> {
  await system.rank(queries[0]?.query ?? '');
  const times: number[] = [];
  for (const { query } of queries) {
    const start = clock.monotonic();
    await system.rank(query);
    times.push(clock.monotonic() - start);
  }
  times.sort((a, b) => a - b);
  return times[Math.ceil(0.95 * times.length) - 1] ?? 0;
}

async function leaveOneKindOut(
  request: EvaluationRequest,
  words: TradeWords,
  kindOf: ReadonlyMap<string, string>,
): Promise<LeaveOneKindOut> {
  const honest = request.queries.filter((query) => query.class !== unanswerable);
  const ndcgOf = async (changed: TradeWords) => (await judge(searchWith(request, changed), honest)).ndcg;
  const wanted = honest.flatMap(({ judgments }) => Object.keys(judgments).filter((code) => (judgments[code] ?? 0) >= 2));
  const kinds = [...new Set(wanted.flatMap((code) => kindOf.get(code) ?? []))].sort();
  const without: { kind: string; ndcg: number }[] = [];
  for (const kind of kinds) without.push({ kind, ndcg: await ndcgOf({ ...words, except: [kind] }) });
  const worst = without.reduce((least, next) => (next.ndcg < least.ndcg ? next : least), { kind: '-', ndcg: 1 });
  return {
    kinds: kinds.length,
    ndcg: await ndcgOf(words),
    ndcgWithoutWords: await ndcgOf(noTradeWords),
    mean: without.reduce((sum, { ndcg }) => sum + ndcg, 0) / Math.max(1, without.length),
    worst,
  };
}
