import type { Database } from '../postgres/database.ts';
import type { VectorTable } from './catalogue.ts';
import type { Embedder } from './embedding/embedder.ts';
import { approximateFrom, approximateIndexName, createVectorStore } from './embedding/vector-store.ts';

export interface VectorAdvice {
  readonly model: string;
  readonly rows: number;
  readonly choice: 'exact scan' | 'HNSW';
  readonly index: 'present' | 'missing' | 'invalid' | 'not needed';
  /** Share of the ten nearest, by an exact scan, that the served statement finds too; over the sampled vectors. */
  readonly recallAt10: number;
  readonly sampled: number;
  readonly advice: string;
}

const mostSamples = 50;

/** Compares what search is served with what an exact scan finds, by vectors that are in the table. */
export async function adviseVectors(
  database: Pick<Database, 'query'>,
  table: VectorTable,
  embedder: Pick<Embedder, 'model' | 'dimensions'>,
): Promise<VectorAdvice> {
  const { model } = embedder;
  const store = createVectorStore(database, table, embedder);
  const rows = await countOf(database, table, model);
  const choice = rows < approximateFrom ? 'exact scan' : 'HNSW';
  const index = await indexState(database, approximateIndexName(embedder), choice);
  const samples = await database.query(
    `SELECT ${table.vector}::text AS vector FROM ${table.relation} WHERE model = $1 ORDER BY md5(${table.key}::text) LIMIT ${mostSamples}`,
    [model],
  );
  let found = 0;
  let wanted = 0;
  for (const sample of samples) {
    const vector = Float32Array.from(JSON.parse(String(sample.vector)) as number[]);
    const exact = await store.exact(vector, 10);
    const served = new Set((await store.nearest({ vector, items: rows })).slice(0, 10).map(({ key }) => key));
    wanted += exact.length;
    found += exact.filter(({ key }) => served.has(key)).length;
  }
  const recallAt10 = wanted === 0 ? 0 : found / wanted;
  return { model, rows, choice, index, recallAt10, sampled: samples.length, advice: adviceOn(rows, index, recallAt10) };
}

async function countOf(database: Pick<Database, 'query'>, { relation }: VectorTable, model: string): Promise<number> {
  const [row] = await database.query(`SELECT count(*) AS rows FROM ${relation} WHERE model = $1`, [model]);
  return Number(row?.rows ?? 0);
}

async function indexState(
  database: Pick<Database, 'query'>,
  name: string,
  choice: VectorAdvice['choice'],
): Promise<VectorAdvice['index']> {
  const [row] = await database.query(
    'SELECT i.indisvalid::text AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = $1',
    [name],
  );
  if (row === undefined) return choice === 'HNSW' ? 'missing' : 'not needed';
  return row.valid === 'true' ? 'present' : 'invalid';
}

function adviceOn(rows: number, index: VectorAdvice['index'], recall: number): string {
  if (rows === 0) return 'No vectors of this model: run zava-mcp-server index-products.';
  if (index === 'missing' || index === 'invalid')
    return `The index is ${index}: run zava-mcp-server index-products, which builds it.`;
  if (recall < 0.95) return 'Recall is under 0.95: raise hnsw.ef_search for the server login.';
  return 'Nothing to do.';
}
