import { createHash } from 'node:crypto';
import type { Database, TextRow } from '../postgres/database.ts';
import type { NamedColumn } from '../query/query-result.ts';
import type { TradeWords } from './ranking/expansion.ts';

/** What search needs to know of a served schema's catalogue. */
export interface ProductCatalogue {
  /** Fixed statement for the server's own login: every item with the described columns and `item_key`, all as text. */
  readonly sql: string;
  /** What an answer shows of an item. */
  readonly columns: readonly NamedColumn[];
  /** Which of the columns says what. */
  readonly parts: CatalogueParts;
  /** Tables that the statement reads, and that of the vectors; a new version of one of them makes what was read old. */
  readonly tables: readonly string[];
  readonly vectors: VectorTable;
  /** What the trade knows of its goods. Read when the first search needs it. */
  readonly loadTradeWords: () => Promise<TradeWords>;
}

interface CatalogueParts {
  readonly code: string;
  readonly title: string;
  readonly group: string;
  readonly kind: string;
  readonly text: string;
  readonly price: string;
}

/** Where the vectors are, with their columns `model`, `dimensions` and `content_hash`. Names are SQL, written by the schema's author. */
export interface VectorTable {
  readonly relation: string;
  readonly key: string;
  /** PostgreSQL's type of the key, for example `int4`. */
  readonly keyType: string;
  readonly vector: string;
}

export interface CatalogueItem {
  readonly key: string;
  readonly code: string;
  readonly title: string;
  readonly group: string;
  readonly kind: string;
  readonly text: string;
  readonly price: number | undefined;
  readonly row: TextRow;
}

export async function loadItems(session: Pick<Database, 'query'>, { sql, parts }: ProductCatalogue): Promise<CatalogueItem[]> {
  const rows = await session.query(sql);
  return rows.map((row) => {
    const textOf = (part: keyof CatalogueParts) => row[parts[part]] ?? '';
    const price = row[parts.price];
    return {
      key: String(row.item_key),
      code: textOf('code'),
      title: textOf('title'),
      group: textOf('group'),
      kind: textOf('kind'),
      text: textOf('text'),
      price: price === null || price === undefined ? undefined : Number(price),
      row,
    };
  });
}

/** What a model is given of an item. Name and kind are in it, because short questions name a kind. */
export const embeddedText = ({ title, group, kind, text }: Pick<CatalogueItem, 'title' | 'group' | 'kind' | 'text'>): string =>
  `${title}\n${group} > ${kind}\n${text}`;

/** Changes with the model and with the text, so that only what changed is embedded again. */
export const contentHash = (model: string, text: string): string =>
  createHash('sha256').update(`${model}\n${text}`).digest('hex');
