import type { CallUsage, CallUsages } from '../core/call-usage.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { Database, TextRow } from '../postgres/database.ts';
import type { NamedColumn } from '../query/query-result.ts';
import type { ProductCatalogue } from './catalogue.ts';
import { createCatalogueIndex, type IndexedCatalogue } from './catalogue-index.ts';
import { closenessOf } from './embedding/embedder.ts';
import type { QuestionEmbedder } from './embedding/question-embedder.ts';
import { createVectorMemory, type VectorMemory } from './embedding/vector-memory.ts';
import { createVectorStore, type NearestRequest } from './embedding/vector-store.ts';
import { confidenceIn, confidentFrom, evidenceOf, similarityOf } from './ranking/confidence.ts';
import { type RankedItem, rankItems } from './ranking/rank-items.ts';
import type { ReadQuestion } from './ranking/read-question.ts';
import type { ProductMatches, ProductQuestion, SearchProducts } from './search-products.ts';

export interface ProductSearchOptions {
  readonly database: Pick<Database, 'query'>;
  readonly catalogue: ProductCatalogue;
  /** Absent: words alone decide, and each answer says so. */
  readonly embedder?: QuestionEmbedder | undefined;
  readonly note: Note;
  /** Absent: what searches cost is not counted. */
  readonly usages?: CallUsages | undefined;
}

/** Products by what a shopper says: words with the trade's knowledge, and meaning where the words do not reach. */
export function createProductSearch({ database, catalogue, embedder, note, usages }: ProductSearchOptions) {
  const indexes = createCatalogueIndex(database, catalogue);
  const compareMeaning = createMeaning(database, catalogue, embedder, note);

  const search: SearchProducts = async (asked) => {
    const indexed = await indexes.current();
    const question = indexed.read(asked.query);
    // A question without a word has no meaning to compare.
    const closeness =
      question.terms.length === 0
        ? new Map<number, number>()
        : await compareMeaning(question, indexed, usages?.of(asked.requestId));
    const { index, items } = indexed;
    const ranked = rankItems({
      index,
      question,
      ...(closeness && { closeness }),
      priceOf: (position) => items[position]?.price,
    });
    const confidence = confidenceIn(evidenceOf(index, question, ranked, closeness !== undefined));
    return toMatches({
      asked,
      ranked,
      confidence,
      rowOf: (position) => items[position]?.row ?? {},
      columns: catalogue.columns,
      model: closeness === undefined ? 'lexical' : (embedder?.embedder.name ?? 'lexical'),
    });
  };
  return {
    search,
    /** Reads catalogue and vectors and loads the model, so that no shopper waits for them. Failing, it leaves that to the first search. */
    async warmUp(): Promise<void> {
      await Promise.all([indexes.current(), embedder?.vectorOf('warm up')])
        .then(() => search({ query: 'warm up', maxRows: 1, threshold: 100 }))
        .catch(() => {});
    },
  };
}

/** Closeness by position; undefined where no model or no vectors are to be had. */
function createMeaning(
  database: Pick<Database, 'query'>,
  catalogue: ProductCatalogue,
  embedder: QuestionEmbedder | undefined,
  note: Note,
): (question: ReadQuestion, indexed: IndexedCatalogue, usage?: CallUsage) => Promise<ReadonlyMap<number, number> | undefined> {
  if (embedder === undefined) return async () => undefined;
  const { cosines } = embedder.embedder;
  const nearest = createNearest(database, catalogue, embedder);
  let answers = true;
  let stored = true;
  const vectorOf = async (text: string, usage: CallUsage | undefined) => {
    try {
      const vector = await embedder.vectorOf(text, usage);
      answers = true;
      return vector;
    } catch (error) {
      // Once an outage, not once a search.
      if (answers) note({ kind: 'fault_met', where: 'embedder', error });
      answers = false;
      return undefined;
    }
  };
  return async ({ meaning, price }, indexed, usage) => {
    const { items, positions } = indexed;
    const vector = await vectorOf(meaning, usage);
    if (vector === undefined) return undefined;
    const priced = price.least !== undefined || price.most !== undefined;
    const among = items
      .filter((item) => !priced || (item.price !== undefined && within(item.price, price)))
      .map(({ key }) => key);
    const near = await nearest(indexed, { vector, items: items.length, ...(priced && { among }) });
    if (near.length === 0 && among.length > 0) {
      if (stored) note({ kind: 'fault_met', where: 'product vectors', error: noVectors(embedder.embedder.model) });
      stored = false;
      return undefined;
    }
    stored = true;
    return new Map(
      near.flatMap(({ key, cosine }) => {
        const position = positions.get(key);
        return position === undefined ? [] : [[position, closenessOf(cosine, cosines)] as const];
      }),
    );
  };
}

/** In memory where the catalogue is small: its vectors are read once for each state of its tables. */
function createNearest(database: Pick<Database, 'query'>, { vectors }: ProductCatalogue, { embedder }: QuestionEmbedder) {
  const store = createVectorStore(database, vectors, embedder);
  const memories = new WeakMap<IndexedCatalogue, Promise<VectorMemory | undefined>>();
  const load = async (indexed: IndexedCatalogue) => {
    const stored = await store.all(indexed.items.length);
    return stored && createVectorMemory(stored);
  };
  const memoryOf = (indexed: IndexedCatalogue) => {
    const known = memories.get(indexed);
    if (known !== undefined) return known;
    const loading = load(indexed);
    memories.set(indexed, loading);
    loading.catch(() => memories.delete(indexed));
    return loading;
  };
  return async (indexed: IndexedCatalogue, request: NearestRequest) => {
    const memory = await memoryOf(indexed);
    return memory === undefined ? store.nearest(request) : memory.nearest(request.vector, request.among);
  };
}

const noVectors = (model: string) =>
  new AppError('misconfigured', `No product has a vector of ${model}`, { hint: 'Run zava-mcp-server index-products.' });

const within = (price: number, { least = 0, most = Number.POSITIVE_INFINITY }: ReadQuestion['price']): boolean =>
  price >= least && price <= most;

interface Found {
  readonly asked: ProductQuestion;
  readonly ranked: readonly RankedItem[];
  readonly confidence: number;
  readonly rowOf: (position: number) => TextRow;
  readonly columns: readonly NamedColumn[];
  readonly model: string;
}

const scoreColumns: readonly NamedColumn[] = [
  { name: 'similarity', type: 'numeric' },
  { name: 'matched_by', type: 'text' },
];

function toMatches({ asked, ranked, confidence, rowOf, columns, model }: Found): ProductMatches {
  const best = ranked.reduce((most, { score }) => Math.max(most, score), 0);
  const good = ranked
    .map((item) => ({ item, similarity: similarityOf(confidence, item.score, best) }))
    .filter(({ similarity }) => similarity > 0 && similarity >= asked.threshold);
  const shown = good.slice(0, asked.maxRows);
  const truncated = good.length > shown.length;
  const degraded = model === 'lexical';
  const lowConfidence = shown.length === 0 || confidence < confidentFrom;
  return {
    columns: [...columns, ...scoreColumns],
    rowsJson: `[${shown.map(({ item, similarity }) => rowJson(columns, rowOf(item.position), similarity, matchedBy(item))).join(',')}]`,
    rowCount: shown.length,
    truncated,
    model,
    degraded,
    lowConfidence,
    message: messageFor({ rows: shown.length, truncated, degraded, lowConfidence, threshold: asked.threshold }),
  };
}

function matchedBy({ lexical, closeness }: RankedItem): 'words' | 'meaning' | 'both' {
  if (lexical.cover < 0.1) return 'meaning';
  return closeness >= 0.3 ? 'both' : 'words';
}

function rowJson(columns: readonly NamedColumn[], row: TextRow, similarity: number, matched: string): string {
  const values = columns.map(({ name, type }) => {
    const value = row[name] ?? null;
    // A numeric arrives as PostgreSQL's digits, which are JSON already.
    return value !== null && type === 'numeric' ? value : JSON.stringify(value);
  });
  return `[${[...values, similarity.toFixed(1), JSON.stringify(matched)].join(',')}]`;
}

interface Outcome {
  readonly rows: number;
  readonly truncated: boolean;
  readonly degraded: boolean;
  readonly lowConfidence: boolean;
  readonly threshold: number;
}

function messageFor({ rows, truncated, degraded, lowConfidence, threshold }: Outcome): string {
  if (rows === 0) return `No products >= ${threshold}%`;
  const parts = [
    truncated ? 'more products match: raise max_rows or similarity_threshold' : '',
    lowConfidence ? 'nothing in the catalogue fits this well' : '',
    degraded ? 'matched by words only, meaning was not compared: try other words for the same thing' : '',
  ].filter((part) => part !== '');
  return parts.join('. ');
}
