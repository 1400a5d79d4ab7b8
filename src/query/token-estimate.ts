/** Of UTF-16 units beyond ASCII, by where they begin: what one costs in tokens. Scripts that vocabularies know well cost less. */
const beyondAscii: readonly (readonly [from: number, tokens: number])[] = [
  [0xe000, 2.3],
  [0xd800, 1.6],
  [0xac00, 1.6],
  [0xa000, 2.3],
  [0x4e00, 1.6],
  [0x3100, 2.3],
  [0x3000, 1.3],
  [0x0700, 2.3],
  [0x0590, 0.9],
  [0x0250, 0.6],
  [0x0080, 1],
];

type Kind = 'letters' | 'digits' | 'blank' | 'other';

/**
 * About how many tokens a text takes, rather too many than too few. Tokenizers cut digits into threes and split at every change of
 * kind, so a table of numbers has one token for each two bytes, and prose one for five: bytes alone tell nothing.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let kind: Kind = 'blank';
  let length = 0;
  let vowels = 0;
  let capitals = 0;
  const endRun = () => {
    if (length > 0) tokens += tokensOfRun(kind, length, vowels, capitals);
    length = 0;
    vowels = 0;
    capitals = 0;
  };
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      tokens += beyondAscii.find(([from]) => unit >= from)?.[1] ?? 1;
      continue;
    }
    const isCapital = unit >= 0x41 && unit <= 0x5a;
    const next = kindOf(unit);
    // A capital after a small letter begins a word.
    if (next !== kind || (isCapital && capitals < length)) endRun();
    kind = next;
    length += 1;
    if (isCapital) capitals += 1;
    if (next === 'letters' && isVowel(unit | 0x20)) vowels += 1;
  }
  endRun();
  return Math.ceil(tokens);
}

function tokensOfRun(kind: Kind, length: number, vowels: number, capitals: number): number {
  if (kind === 'digits') return Math.ceil(length / 3);
  if (kind === 'blank') return length === 1 ? 0.1 : Math.ceil(length / 16);
  if (kind === 'other') return length <= 3 ? 1 : Math.ceil(length / 1.5);
  if (length <= 2) return 1;
  // Few vowels, or no end: no word that a vocabulary would have.
  if (vowels * 4 < length || length > 14) return Math.ceil(length / 1.8);
  return Math.ceil(length / (capitals > 1 || length > 10 ? 3 : 5));
}

function kindOf(unit: number): Kind {
  const small = unit | 0x20;
  if (small >= 0x61 && small <= 0x7a) return 'letters';
  if (unit >= 0x30 && unit <= 0x39) return 'digits';
  return unit === 0x20 || unit === 0x0a || unit === 0x09 || unit === 0x0d ? 'blank' : 'other';
}

const isVowel = (small: number) =>
  small === 0x61 || small === 0x65 || small === 0x69 || small === 0x6f || small === 0x75 || small === 0x79;
