import { termsOf } from '../words/terms.ts';

/** What a trade knows of its goods and the catalogue does not say. Data of the served schema. */
export interface TradeWords {
  /** By kind, written as `<group> > <kind>`: what people call such things, and what they need them for. */
  readonly kinds: Readonly<Record<string, TradeEntry>>;
  /** Of every thing whose title or text contains one of the phrases. */
  readonly concepts: readonly (TradeEntry & { readonly when: readonly string[] })[];
  /** Things that such a shop is asked for and does not have, and questions that no catalogue answers. */
  readonly elsewhere: readonly string[];
  /** Kinds that get no words, as in `kinds`: how `search eval` tells what the words of one kind carry. */
  readonly except?: readonly string[];
}

export interface TradeEntry {
  /** Other names: lay words and trade words, British and American. */
  readonly also: string;
  /** Purposes, and problems that it solves. */
  readonly for: string;
}

export const noTradeWords: TradeWords = { kinds: {}, concepts: [], elsewhere: [] };

export interface Expanded {
  readonly names: readonly string[];
  readonly uses: readonly string[];
  readonly kindNames: readonly string[];
  readonly kindUses: readonly string[];
}

export interface Described {
  readonly title: string;
  readonly group: string;
  readonly kind: string;
  readonly text: string;
}

/** Returns what the trade would add to one item of the catalogue. */
export function createExpansion({ kinds, concepts, except = [] }: TradeWords): (item: Described) => Expanded {
  const rules = concepts.map((concept) => ({ ...concept, phrases: concept.when.map(stemsOf) }));
  return (item) => {
    const name = `${item.group} > ${item.kind}`;
    if (except.includes(name)) return nothing;
    const kind = kinds[name];
    const text = ` ${stemsOf(item.title)} | ${stemsOf(item.text)} `;
    const found = rules.filter(({ phrases }) => phrases.some((phrase) => text.includes(` ${phrase} `)));
    return {
      names: found.map(({ also }) => also),
      uses: found.map(({ for: uses }) => uses),
      kindNames: kind === undefined ? [] : [kind.also],
      kindUses: kind === undefined ? [] : [kind.for],
    };
  };
}

const nothing: Expanded = { names: [], uses: [], kindNames: [], kindUses: [] };

const stemsOf = (text: string): string =>
  termsOf(text)
    .map(({ stem }) => stem)
    .join(' ');
