import { stemmer } from 'stemmer';

/** One word of a text, in the two forms that search works with. */
export interface Term {
  /** As written, normalised: `1/2in`, `hammers`. Spelling is judged by it. */
  readonly word: string;
  /** What texts are compared by: the stem, or the whole where a digit is in it. */
  readonly stem: string;
}

/** Words that carry no meaning of their own for a search. Negations are not among them: `question.ts` reads those first. */
const functionWords = new Set(
  (
    'a an and any are as at be been but by can could did do does for from get getting go goes going had has have having he her here him his how i ' +
    'if in into is it its just like me my need needs of off on onto or our out over please she should so some something somewhere such than ' +
    'that the their them then there these they thing things this those to too up us use used using very want wants was way we were what when ' +
    'where which while who whom why will with would you your yours i’m im ive id dont doesnt isnt one ones am about during after before ' +
    'make makes making let lets good best find show buy sell carry sold help anything everything everywhere people someone somebody without not no non ' +
    'nothing look looks looking like likes quickly quick easily firmly properly around through while away down really also only own same other another each every all many much more most very still keep keeps kept got take takes put puts'
  ).split(' '),
);

export const isFunctionWord = (word: string): boolean => functionWords.has(word);

const units: Readonly<Record<string, string>> = {
  ...named('in', 'in inch inches "'),
  ...named('ft', "ft foot feet '"),
  ...named('oz', 'oz ounce ounces'),
  ...named('lb', 'lb lbs pound pounds'),
  ...named('gal', 'gal gallon gallons'),
  ...named('qt', 'qt quart quarts'),
  ...named('amp', 'a amp amps ampere amperes'),
  ...named('v', 'v volt volts'),
  ...named('w', 'w watt watts'),
  ...named('ga', 'ga gauge awg'),
  ...named('mm', 'mm millimeter millimeters millimetre millimetres'),
  ...named('hp', 'hp horsepower'),
  ...named('pc', 'pc pcs piece pieces'),
};

function named(unit: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, unit]));
}

const numberForm = String.raw`\d+(?:[-\s]\d+/\d+|/\d+|\.\d+)?`;
const unitNames = Object.keys(units)
  .filter((name) => !/^[avw]$/.test(name))
  .sort((a, b) => b.length - a.length)
  .join('|');
/** A single letter is a unit only where it touches its number. */
const measure = new RegExp(`(?<![\\w/.$])(${numberForm})(?:[\\s-]?(${unitNames})|(a|v|w))(?![a-z0-9])`, 'g');
const vulgarFractions: Readonly<Record<string, string>> = {
  '½': '1/2',
  '¼': '1/4',
  '¾': '3/4',
  '⅛': '1/8',
  '⅜': '3/8',
  '⅝': '5/8',
  '⅞': '7/8',
};
const decimals: Readonly<Record<string, string>> = {
  '5': '1/2',
  '25': '1/4',
  '75': '3/4',
  '125': '1/8',
  '375': '3/8',
  '625': '5/8',
  '875': '7/8',
};

/** Lower case, no accents, one way of writing sizes: `1 1/2 inches`, `1-1/2"` and `1.5 in` are all `1-1/2in`. */
export function normaliseText(text: string): string {
  return text
    .replace(/\d?[½¼¾⅛⅜⅝⅞]/g, (found) => `${found.length > 1 ? `${found[0]}-` : ''}${vulgarFractions[found.at(-1) ?? '']}`)
    .replace(/[”“″]/g, '"')
    .normalize('NFKD')
    .replace(/\p{Mark}+/gu, '')
    .toLowerCase()
    .replace(/[’‘ʼ`]/g, "'")
    .replace(/×/g, 'x')
    .replace(/(\d),(?=\d{3}\b)/g, '$1')
    .replace(/(\d) x (?=\d)/g, '$1x')
    .replace(measure, (_, number: string, unit?: string, letter?: string) => `${sizeOf(number)}${units[unit ?? letter ?? '']} `);
}

function sizeOf(number: string): string {
  const [, whole, part] = /^(\d+)\.(\d+)$/.exec(number) ?? [];
  if (part === undefined) return number.replace(/\s+/, '-');
  const fraction = decimals[part];
  if (fraction === undefined) return number;
  return whole === '0' ? fraction : `${whole}-${fraction}`;
}

const wordPattern = /\d+(?:-\d+\/\d+|\/\d+|\.\d+)?(?:x\d+(?:-\d+\/\d+|\/\d+)?)*[a-z]*|[a-z]+(?:'[a-z]+)?\d*[a-z\d]*/g;

/** The words of a text in order, function words included. */
export function termsOf(text: string): Term[] {
  const words = normaliseText(text).match(wordPattern) ?? [];
  return words.map((found) => {
    const word = found.replace(/'s?$|'/g, '');
    return { word, stem: stemOf(word) };
  });
}

/** The words that mean something. */
export const contentTerms = (text: string): Term[] => termsOf(text).filter(({ word }) => word !== '' && !functionWords.has(word));

const spellings: readonly (readonly [RegExp, string])[] = [
  [/^(col|flav|vap|harb|neighb|od|lab|arm|fav)our/, '$1or'],
  [/^fibre/, 'fiber'],
  [/^(met|cent|lit)re/, '$1er'],
  [/^mould/, 'mold'],
  [/^tyre/, 'tire'],
  [/^grey/, 'gray'],
  [/^alumini?um/, 'aluminum'],
  [/^plough/, 'plow'],
  [/^draught/, 'draft'],
  [/^storey/, 'story'],
  [/^kerb/, 'curb'],
  [/^(organ|util|steril|custom|polar|max|min|color|galvan|magnet)is(e|ed|es|er|ers|ing|ation)$/, '$1iz$2'],
];

/** British and American spellings, singular and plural, verb and noun of one word share a stem. */
export function stemOf(word: string): string {
  if (/\d/.test(word)) return word;
  const american = spellings.reduce((form, [pattern, replacement]) => form.replace(pattern, replacement), word);
  return stemmer(american);
}
