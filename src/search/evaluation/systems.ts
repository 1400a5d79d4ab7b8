import type { Database } from '../../postgres/database.ts';
import type { ProductCatalogue } from '../catalogue.ts';
import type { QuestionEmbedder } from '../embedding/question-embedder.ts';
import { createVectorStore } from '../embedding/vector-store.ts';
import type { SearchProducts } from '../search-products.ts';

/** Something that ranks the catalogue for a question. */
export interface RankingSystem {
  readonly name: string;
  rank(query: string): Promise<Ranking>;
}

export interface Ranking {
  readonly codes: readonly string[];
  /** Of the best one, on the system's own scale. */
  readonly best: number;
  /** Absent: the system does not know; a threshold on `best` must say. */
  readonly confident?: boolean;
}

const depth = 50;

/** PostgreSQL's full text search, any of the words. */
export const fullText = (database: Pick<Database, 'query'>, catalogue: ProductCatalogue): RankingSystem =>
  bySql(
    'full text (any word)',
    database,
    catalogue,
    (text) =>
      `ts_rank(to_tsvector('english', ${text}), to_tsquery('english', (SELECT coalesce(string_agg(quote_literal(lexeme), ' | '), '')
       FROM unnest(to_tsvector('english', $1::text)))))`,
  );

/** pg_trgm on name and kind. */
export const trigram = (database: Pick<Database, 'query'>, catalogue: ProductCatalogue): RankingSystem =>
  bySql('trigram', database, catalogue, (_, { title, kind }) => `extensions.similarity($1::text, ${title} || ' ' || ${kind})`);

function bySql(
  name: string,
  database: Pick<Database, 'query'>,
  { sql, parts }: ProductCatalogue,
  score: (text: string, parts: ProductCatalogue['parts']) => string,
): RankingSystem {
  const text = `concat_ws(' ', ${parts.title}, ${parts.group}, ${parts.kind}, ${parts.text})`;
  const statement = `SELECT ${parts.code} AS code, score::text AS score
    FROM (SELECT *, ${score(text, parts)} AS score FROM (${sql}) AS item) AS scored
    WHERE score > 0 ORDER BY scored.score DESC, code LIMIT ${depth}`;
  return {
    name,
    async rank(query) {
      const rows = await database.query(statement, [query]);
      return { codes: rows.map(({ code }) => String(code)), best: Number(rows[0]?.score ?? 0) };
    },
  };
}

export function vectors(
  database: Pick<Database, 'query'>,
  catalogue: ProductCatalogue,
  embedder: QuestionEmbedder,
  codeOf: ReadonlyMap<string, string>,
): RankingSystem {
  const store = createVectorStore(database, catalogue.vectors, embedder.embedder);
  return {
    name: `vectors (${embedder.embedder.name})`,
    async rank(query) {
      const near = await store.exact(await embedder.vectorOf(query), depth);
      return { codes: near.map(({ key }) => codeOf.get(key) ?? ''), best: near[0]?.cosine ?? 0 };
    },
  };
}

/** Reciprocal rank fusion with equal weights: Cormack, Clarke and Büttcher, SIGIR 2009. */
export function equalFusion(first: RankingSystem, second: RankingSystem): RankingSystem {
  return {
    name: 'equal fusion of both',
    async rank(query) {
      const scores = new Map<string, number>();
      for (const system of [first, second]) {
        const { codes } = await system.rank(query);
        for (const [place, code] of codes.entries()) scores.set(code, (scores.get(code) ?? 0) + 1 / (60 + place + 1));
      }
      const codes = [...scores].sort((a, b) => b[1] - a[1]).map(([code]) => code);
      return { codes, best: scores.get(codes[0] ?? '') ?? 0 };
    },
  };
}

/** The tool's own answer, with the tool's own defaults. */
export const asServed = (name: string, search: SearchProducts): RankingSystem => ({
  name,
  async rank(query) {
    const found = await search({ query, maxRows: 10, threshold: 30 });
    const place = found.columns.findIndex((column) => column.name === 'similarity');
    const rows = JSON.parse(found.rowsJson) as string[][];
    return {
      codes: rows.map((row) => String(row[0])),
      best: Number(rows[0]?.[place] ?? 0),
      confident: rows.length > 0 && !found.lowConfidence,
    };
  },
});
