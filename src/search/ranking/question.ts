import { isFunctionWord, type Term, termsOf } from '../words/terms.ts';

export interface PriceRange {
  readonly least?: number;
  readonly most?: number;
}

/** What a shopper asked for, taken apart. */
export interface Question {
  /** The question without its price, in lower case. */
  readonly text: string;
  /** Words that the thing should answer to, in order. `no:x` asks for things that say they are without x. */
  readonly wanted: readonly Term[];
  /** Stems of what it must not be. */
  readonly unwanted: readonly string[];
  readonly price: PriceRange;
  /** Which end of the price list, and whether only the very end will do. */
  readonly priceWish?: { readonly end: 'cheap' | 'dear'; readonly extreme: boolean };
}

export function parseQuestion(text: string): Question {
  const { price, priceWish, rest } = takePrice(text.toLowerCase());
  const wanted: Term[] = [];
  const unwanted: string[] = [];
  for (const clause of rest.split(/[,;:!?()]|\.(?!\d)|\bbut\b/)) readClause(termsOf(clause), wanted, unwanted);
  return { text: rest.replace(/\s+/g, ' ').trim(), wanted, unwanted, price, ...(priceWish && { priceWish }) };
}

const negators = new Set(['no', 'not', 'without', 'non', 'nor', 'except', 'excluding', 'minus', 'isnt', 'arent', 'isn', 'aren']);
/** "does not flush" describes what is wrong, and rules nothing out. */
const auxiliaries = new Set('do does did will would can could should must have has had'.split(' '));
const emptyNegations = new Set('longer one only sure idea enough matter more much just too very'.split(' '));
const passedOver = new Set('a an the any need of for use using to with having'.split(' '));

function readClause(terms: readonly Term[], wanted: Term[], unwanted: string[]): void {
  let index = 0;
  while (index < terms.length) {
    const term = terms[index] as Term;
    const next = terms[index + 1];
    const described = auxiliaries.has(terms[index - 1]?.word ?? '');
    if (negators.has(term.word) && !described && next !== undefined && !emptyNegations.has(next.word)) {
      index = readNegation(terms, index + 1, wanted, unwanted);
      continue;
    }
    if (next?.word === 'free' && !isFunctionWord(term.word)) {
      wanted.push(term, without(term));
      index += 2;
      continue;
    }
    if (!isFunctionWord(term.word) && !auxiliaries.has(term.word)) wanted.push(term);
    index += 1;
  }
}

/** From the word behind the negator; returns where the negation ends. */
function readNegation(terms: readonly Term[], from: number, wanted: Term[], unwanted: string[]): number {
  let index = from;
  while (passedOver.has(terms[index]?.word ?? '')) index += 1;
  for (;;) {
    const term = terms[index];
    if (term === undefined || isFunctionWord(term.word)) return index;
    unwanted.push(term.stem);
    wanted.push(without(term));
    index += 1;
    const next = terms[index];
    if (next !== undefined && /(ed|ing)$/.test(next.word) && index === terms.length - 1) {
      unwanted.push(next.stem);
      return index + 1;
    }
    if (next?.word !== 'or' && next?.word !== 'nor' && next?.word !== 'and') return index;
    index += 1;
    while (passedOver.has(terms[index]?.word ?? '') || negators.has(terms[index]?.word ?? '')) index += 1;
  }
}

export const without = ({ word, stem }: Term): Term => ({ word: `no:${word}`, stem: `no:${stem}` });

const amount = String.raw`(?:\$|£|€|usd )?\s*(\d+(?:[.,]\d+)?)`;
const currency = String.raw`\s*(?:\$|dollars?|bucks?|usd|euros?|pounds sterling)(?![a-z])`;
/** A bare number is a price only where nothing follows that it could count. */
const bare = String.raw`(?=\s*(?:$|[,;.!?)]|(?:for|and|or|to|please|total|each|in total|if|that|which|with)\b))`;
const money = `${amount}(?:${currency}|${bare})`;
const moneyWithSign = String.raw`(?:(?:\$|£|€|usd )\s*(\d+(?:[.,]\d+)?)|(\d+(?:[.,]\d+)?)${currency})`;

const between = new RegExp(String.raw`(?:\b(?:between|from|for)\s+)?${amount}(?:${currency})?\s*(?:and|to|-|–)\s*${money}`);
const atMost = new RegExp(
  String.raw`\b(?:costs? |priced |costing )?(?:under|below|beneath|less than|cheaper than|no more than|not more than|not over|no over|up to|at most|max(?:imum)?(?: of)?|within|(?:with )?(?:a )?budget (?:of|is))\s+(?:about |a )?${money}`,
);
const atLeast = new RegExp(
  String.raw`\b(?:costs? |priced |costing )?(?:over|above|more than|at least|starting (?:at|from)|min(?:imum)?(?: of)?)\s+${money}`,
);
const about = new RegExp(String.raw`\b(?:around|about|roughly|approximately|circa|for)\s+${moneyWithSign}`);
const wishes: readonly (readonly [RegExp, 'cheap' | 'dear', boolean])[] = [
  [/\b(?:the )?(?:cheapest|least expensive|lowest[- ]priced?|lowest cost|most affordable)\b/, 'cheap', true],
  [/\b(?:the )?(?:most expensive|priciest|dearest|highest[- ]priced?)\b/, 'dear', true],
  [
    /\b(?:cheap(?:er|ly)?|inexpensive|affordable|low[- ]?cost|low[- ]?priced?|economical|bargain|budget|not (?:too )?expensive)\b/,
    'cheap',
    false,
  ],
  [/\b(?:high[- ]end|expensive|top[- ]of[- ]the[- ](?:range|line))\b/, 'dear', false],
];

interface Priced extends Pick<Question, 'price' | 'priceWish'> {
  readonly rest: string;
}

function takePrice(text: string): Priced {
  const { price, rest: unpriced } = takeRange(text);
  for (const [pattern, end, extreme] of wishes) {
    if (pattern.test(unpriced)) return { price, priceWish: { end, extreme }, rest: unpriced.replace(pattern, ' ') };
  }
  return { price, rest: unpriced };
}

function takeRange(text: string): Pick<Priced, 'price' | 'rest'> {
  const range = between.exec(text);
  // Without a sign of money, "2 to 3 feet" and "8-10" are sizes.
  if (range !== null && /\$|£|€|dollar|buck|usd|\bbetween\b.*\b(price|cost)|\bprice|\bcost/.test(text)) {
    const ends = [toNumber(range[1]), toNumber(range[2])];
    return { price: { least: Math.min(...ends), most: Math.max(...ends) }, rest: cut(text, range) };
  }
  const upper = atMost.exec(text);
  if (upper !== null) return { price: { most: toNumber(upper[1]) }, rest: cut(text, upper) };
  const lower = atLeast.exec(text);
  if (lower !== null) return { price: { least: toNumber(lower[1]) }, rest: cut(text, lower) };
  const near = about.exec(text);
  if (near !== null) {
    const middle = toNumber(near[1] ?? near[2]);
    return { price: { least: middle * 0.75, most: middle * 1.25 }, rest: cut(text, near) };
  }
  return { price: {}, rest: text };
}

const toNumber = (text: string | undefined): number => Number((text ?? '').replace(',', '.'));
const cut = (text: string, found: RegExpExecArray): string =>
  `${text.slice(0, found.index)} ${text.slice(found.index + found[0].length)}`;
