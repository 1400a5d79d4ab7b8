import type { Database } from '../postgres/database.ts';
import { type CatalogueItem, loadItems, type ProductCatalogue } from './catalogue.ts';
import { createExpansion, type TradeWords } from './ranking/expansion.ts';
import { createLexicalIndex, type LexicalIndex } from './ranking/lexical-index.ts';
import { createQuestionReader, type ReadQuestion } from './ranking/read-question.ts';
import { type IsWord, loadEnglish } from './words/dictionary.ts';

/** The catalogue in memory, as it was at one version of its tables. */
export interface IndexedCatalogue {
  readonly items: readonly CatalogueItem[];
  readonly index: LexicalIndex;
  readonly read: (question: string) => ReadQuestion;
  readonly positions: ReadonlyMap<string, number>;
}

export function indexCatalogue(items: readonly CatalogueItem[], words: TradeWords, isWord: IsWord): IndexedCatalogue {
  const expand = createExpansion(words);
  const index = createLexicalIndex(
    items.map((item) => ({
      title: [item.title, item.code],
      kind: [item.kind],
      group: [item.group],
      text: [item.text],
      ...expand(item),
    })),
  );
  return {
    items,
    index,
    read: createQuestionReader({ index, isWord, elsewhere: words.elsewhere }),
    positions: new Map(items.map(({ key }, position) => [key, position])),
  };
}

/** Keeps one index, and makes it anew when a table of the catalogue has changed. */
export function createCatalogueIndex(database: Pick<Database, 'query'>, catalogue: ProductCatalogue) {
  let made: { readonly stamp: string; readonly indexed: Promise<IndexedCatalogue> } | undefined;

  const make = async (): Promise<IndexedCatalogue> => {
    const [items, words, isWord] = await Promise.all([loadItems(database, catalogue), catalogue.loadTradeWords(), loadEnglish()]);
    return indexCatalogue(items, words, isWord);
  };
  return {
    async current(): Promise<IndexedCatalogue> {
      // Read before the items: what changes in between is at worst read twice.
      const stamp = await stampOf(database, catalogue.tables);
      if (made?.stamp !== stamp) {
        const started = { stamp, indexed: make() };
        made = started;
        started.indexed.catch(() => {
          if (made === started) made = undefined;
        });
      }
      return made.indexed;
    },
  };
}

async function stampOf(database: Pick<Database, 'query'>, tables: readonly string[]): Promise<string> {
  const rows = await database.query(
    'SELECT table_name, version FROM ops.table_versions WHERE table_name = ANY ($1) ORDER BY table_name',
    [tables],
  );
  return JSON.stringify(rows.map(({ table_name, version }) => [table_name, version]));
}
