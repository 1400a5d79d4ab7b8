import type { Database, OwnerSession } from '../../postgres/database.ts';
import type { ProductCatalogue, VectorTable } from '../catalogue.ts';
import type { Embedder } from './embedder.ts';
import { type KeyedVector, mostMemoryBytes, type Near } from './vector-memory.ts';

/** From so many items on, an approximate index is searched in place of every vector. */
export const approximateFrom = 10_000;
/** pgvector's `hnsw.ef_search`: what its index gives at the most without being told otherwise. */
const approximateMost = 40;
const exactMost = 1000;

export interface NearestRequest {
  readonly vector: Float32Array;
  /** Items in the catalogue: decides between exact and approximate. */
  readonly items: number;
  /** Only among these keys. */
  readonly among?: readonly string[];
}

type Model = Pick<Embedder, 'model' | 'dimensions'>;

/** The stored vectors nearest to one, the nearest first. Runs as the server's own login; no caller's text is in the statement. */
export function createVectorStore(database: Pick<Database, 'query'>, table: VectorTable, { model, dimensions }: Model) {
  const statement = (exact: boolean, filtered: boolean) => nearestSql(table, { model, dimensions }, exact, filtered);
  const ask = async (exact: boolean, { vector, among }: NearestRequest, most: number): Promise<Near[]> => {
    const values = [toSql(vector), most, ...(among === undefined ? [] : [among])];
    const rows = await database.query(statement(exact, among !== undefined), values);
    return rows.map((row) => ({ key: String(row.item_key), cosine: Number(row.cosine) }));
  };
  return {
    async nearest(request: NearestRequest): Promise<Near[]> {
      if (request.items < approximateFrom) return ask(true, request, exactMost);
      const approximate = await ask(false, request, approximateMost);
      const wanted = Math.min(approximateMost, request.among?.length ?? approximateMost);
      // An index scan filters what it found, so that less may be left than there is: then every vector is looked at.
      return approximate.length >= wanted ? approximate : ask(true, request, approximateMost);
    },
    /** Every vector of the model; undefined where they are too many to be kept in memory. */
    async all(items: number): Promise<KeyedVector[] | undefined> {
      if (items * dimensions * Float32Array.BYTES_PER_ELEMENT > mostMemoryBytes) return undefined;
      const rows = await database.query(allSql(table, { model, dimensions }));
      return rows.map((row) => ({
        key: String(row.item_key),
        vector: Float32Array.from(JSON.parse(String(row.vector)) as number[]),
      }));
    },
    exact: (vector: Float32Array, most: number) => ask(true, { vector, items: 0 }, most),
    approximate: (vector: Float32Array, most: number) => ask(false, { vector, items: approximateFrom }, most),
  };
}

/** Model and dimensions stand in the text: the index is partial and over an expression, and only the same ones find it. */
function nearestSql({ relation, key, keyType, vector }: VectorTable, model: Model, exact: boolean, filtered: boolean): string {
  const from = `FROM ${relation} WHERE model = '${nameOf(model)}' AND dimensions = ${model.dimensions}${
    filtered ? ` AND ${key} = ANY ($3::${keyType}[])` : ''
  }`;
  const shown = '(1 - distance)::text AS cosine';
  if (exact) {
    // OFFSET 0 keeps the distance from being computed twice, and an index from being used.
    const distance = `${vector} OPERATOR(extensions.<=>) $1::extensions.vector AS distance`;
    return `SELECT item_key::text, ${shown} FROM (SELECT ${key} AS item_key, ${distance} ${from} OFFSET 0) AS found
      ORDER BY distance LIMIT $2`;
  }
  const distance = `(${vector}::extensions.vector(${model.dimensions})) OPERATOR(extensions.<=>) $1::extensions.vector(${model.dimensions})`;
  return `SELECT item_key::text, ${shown} FROM (SELECT ${key} AS item_key, ${distance} AS distance ${from}
    ORDER BY ${distance} LIMIT $2) AS found ORDER BY distance`;
}

const allSql = ({ relation, key, vector }: VectorTable, model: Model): string =>
  `SELECT ${key}::text AS item_key, ${vector}::text AS vector FROM ${relation}
    WHERE model = '${nameOf(model)}' AND dimensions = ${model.dimensions}`;

/** Hashes of the stored texts by item key. */
export async function storedHashes(session: Pick<Database, 'query'>, { relation, key }: VectorTable, model: string) {
  const rows = await session.query(`SELECT ${key}::text AS item_key, content_hash FROM ${relation} WHERE model = $1`, [model]);
  return new Map(rows.map((row) => [String(row.item_key), String(row.content_hash)]));
}

/** Items of the catalogue, and those among them that the model's vectors are there for. */
export async function countVectors(
  database: Pick<Database, 'query'>,
  { sql, vectors: { relation } }: Pick<ProductCatalogue, 'sql' | 'vectors'>,
  model: Model,
): Promise<{ readonly stored: number; readonly wanted: number }> {
  const [row] = await database.query(
    `SELECT (SELECT count(*) FROM ${relation} WHERE model = '${nameOf(model)}' AND dimensions = ${model.dimensions})::text AS stored,
       (SELECT count(*) FROM (${sql}) AS items)::text AS wanted`,
  );
  return { stored: Number(row?.stored), wanted: Number(row?.wanted) };
}

export interface StoredVector {
  readonly key: string;
  readonly hash: string;
  readonly vector: Float32Array;
}

/** In one statement: all of them or none. */
export async function storeVectors(
  session: Pick<OwnerSession, 'query'>,
  { relation, key, keyType, vector }: VectorTable,
  { model, dimensions }: Model,
  rows: readonly StoredVector[],
): Promise<void> {
  await session.query(
    `INSERT INTO ${relation} (${key}, model, dimensions, ${vector}, content_hash, created_at)
     SELECT item_key, $1, $2::int, embedding::extensions.vector, hash, now()
     FROM unnest($3::${keyType}[], $4::text[], $5::text[]) AS given (item_key, embedding, hash)
     ON CONFLICT (${key}, model) DO UPDATE
     SET dimensions = excluded.dimensions, ${vector} = excluded.${vector}, content_hash = excluded.content_hash, created_at = excluded.created_at`,
    [model, dimensions, rows.map((row) => row.key), rows.map((row) => toSql(row.vector)), rows.map((row) => row.hash)],
  );
}

/** What an approximate search needs (pgvector's HNSW, m 16, ef_construction 64), made once there is something to build it from. */
export async function ensureApproximateIndex(
  session: Pick<OwnerSession, 'query' | 'script'>,
  { relation, vector }: VectorTable,
  model: Model,
): Promise<void> {
  const name = approximateIndexName(model);
  const [schema] = relation.split('.');
  const found = await session.query(
    `SELECT i.indisvalid::text AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
    [schema ?? 'public', name],
  );
  if (found[0]?.valid === 'true') return;
  // A build that failed leaves an INVALID index under the name.
  if (found.length > 0) await session.script(`DROP INDEX ${schema}.${name}`);
  await session.script(
    `CREATE INDEX ${name} ON ${relation} USING hnsw ((${vector}::extensions.vector(${model.dimensions})) extensions.vector_cosine_ops)
     WITH (m = 16, ef_construction = 64) WHERE model = '${nameOf(model)}' AND dimensions = ${model.dimensions}`,
  );
}

export const approximateIndexName = ({ model, dimensions }: Model): string =>
  `vectors_${model
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 40)}_${dimensions}`;

/** Stands inside quotes in SQL. */
function nameOf({ model }: Model): string {
  if (!/^[\w.:-]{1,100}$/.test(model)) throw new Error(`not a name of a model: ${model}`);
  return model;
}

const toSql = (vector: Float32Array): string => `[${vector.join(',')}]`;
