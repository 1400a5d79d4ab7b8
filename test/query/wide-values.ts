import { createHash } from 'node:crypto';

/** The same each time: a failure must be found again. Mulberry32, since a hash for every letter takes longer than what is tested. */
function sequence(seed: string) {
  let state = createHash('sha256').update(seed).digest().readUInt32BE(0);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export const alphabet = {
  small: 'abcdefghijklmnopqrstuvwxyz',
  capitals: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  hex: '0123456789abcdef',
  printable: '!#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~',
};

export function randomText(length: number, letters: string, seed = letters): string {
  const next = sequence(seed + length);
  return Array.from({ length }, () => letters[next() % letters.length]).join('');
}

const next = sequence('rows');
const number = (below: number) => next() % below;

/** Rows that take many tokens for their bytes, and rows as people have them. */
export const rowsOf: Readonly<Record<string, (index: number) => (string | number | null)[]>> = {
  'single digits': () => Array.from({ length: 50 }, () => number(10)),
  'long numbers': () => Array.from({ length: 20 }, () => number(4e9) * 1000),
  hashes: (index) => [randomText(32, alphabet.hex, `h${index}`)],
  'random words': (index) => [randomText(12, alphabet.small, `w${index}`), randomText(9, alphabet.capitals, `c${index}`)],
  'one endless word': (index) => [randomText(150, alphabet.small, `e${index}`)],
  punctuation: (index) => [randomText(60, '!@#$%^&*()_+-=[]{}|;:,.<>?/~`', `p${index}`)],
  'anything printable': (index) => [randomText(60, alphabet.printable, `a${index}`)],
  emoji: () => ['👩‍🚀🏳️‍🌈👍🏽'],
  'rare characters': () => [Array.from({ length: 40 }, () => String.fromCodePoint(0x1000 + number(0x9000))).join('')],
  Chinese: () => ['漢字仮名交じり文の商品説明'],
  'nulls and empty texts': () => [null, '', null, 'a'],
  instants: () => [`2025-10-1${number(10)}T12:13:${10 + number(50)}.${number(1e6)}Z`],
  'sales by store': () => ['Zava Retail Seattle', `2025-1${number(3)}-${10 + number(18)}`, number(3000), number(1e8) / 100],
  products: () => [
    `PFWS0000${10 + number(90)}`,
    'Semi-Transparent Deck Stain',
    'PAINT & FINISHES',
    'WOOD STAIN',
    'Outdoor deck stain with UV protection that allows wood grain to show through natural finish.',
    number(10_000) / 100,
  ],
};
