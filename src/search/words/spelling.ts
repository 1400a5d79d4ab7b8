import type { IsWord } from './dictionary.ts';

export interface SpellingOptions {
  /** Words as written in the catalogue, with how often they occur. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Words that are right although the catalogue does not have them. */
  readonly isWord: IsWord;
}

/** Readings of one word: itself where it is known, otherwise what it was probably meant to be; several words where two ran together. */
export type Mend = (word: string) => readonly string[];

/** Mends words that neither the catalogue nor the language knows, towards the catalogue's own vocabulary. */
export function createSpelling({ vocabulary, isWord }: SpellingOptions): {
  mend: Mend;
  joins: (first: string, second: string) => string | undefined;
} {
  const byLength = new Map<number, string[]>();
  for (const word of vocabulary.keys()) {
    if (/\d/.test(word) || word.length < 3) continue;
    byLength.set(word.length, [...(byLength.get(word.length) ?? []), word]);
  }

  const nearest = (word: string): string | undefined => {
    const most = word.length < 4 ? 0 : word.length < 6 ? 1 : word.length < 10 ? 2 : 3;
    let best: { word: string; cost: number } | undefined;
    for (let length = word.length - most; length <= word.length + most; length += 1) {
      for (const candidate of byLength.get(length) ?? []) {
        const edits = distance(word, candidate, most);
        if (edits > most) continue;
        const cost = costOf(word, candidate, edits, vocabulary.get(candidate) ?? 1);
        if (best === undefined || cost < best.cost) best = { word: candidate, cost };
      }
    }
    return best?.word;
  };
  const halves = (word: string): readonly string[] | undefined => {
    for (let cut = 3; cut <= word.length - 3; cut += 1) {
      const parts = [word.slice(0, cut), word.slice(cut)];
      if (parts.every((part) => vocabulary.has(part))) return parts;
    }
    return undefined;
  };

  return {
    mend: (word) => {
      if (/\d/.test(word) || word.length < 4 || vocabulary.has(word) || isWord(word)) return [word];
      const split = halves(word);
      if (split !== undefined) return split;
      const near = nearest(word);
      return near === undefined ? [word] : [near];
    },
    /** `dead bolt` where the catalogue writes `deadbolt`. */
    joins: (first, second) => {
      const whole = first + second;
      return vocabulary.has(whole) && first.length > 1 && second.length > 1 ? whole : undefined;
    },
  };
}

/** People get the first letter right, and the sound; common words are likelier than rare ones. */
function costOf(word: string, candidate: string, edits: number, count: number): number {
  const firstLetter = word[0] === candidate[0] ? 0 : 0.6;
  const sound = soundOf(word) === soundOf(candidate) ? 0 : 0.5;
  // Letters are mistaken for others more often than lost.
  const length = 0.2 * Math.abs(word.length - candidate.length);
  return edits + firstLetter + sound + length - 0.05 * Math.log(1 + count);
}

/** Consonants by how they sound, doubled letters and vowels left out: enough to tell `fawcet` for faucet from `facet`. */
function soundOf(word: string): string {
  return word
    .replace(/ph/g, 'f')
    .replace(/^kn/, 'n')
    .replace(/^wr/, 'r')
    .replace(/ght/g, 't')
    .replace(/ck|q|c(?![eiyh])/g, 'k')
    .replace(/c(?=[eiy])|z/g, 's')
    .replace(/g(?=[ey])|dg/g, 'j')
    .replace(/tion|sion|tian/g, 'shn')
    .replace(/(?<=.)[aeiouywh]/g, '')
    .replace(/(.)\1+/g, '$1');
}

/** Edits between two words, a swap of neighbours counting one (optimal string alignment); more than `most` is only known as more. */
export function distance(a: string, b: string, most: number): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(replaced, at(previous, j) + 1, at(row, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, at(before, j - 2) + 1);
      row.push(edits);
      least = Math.min(least, edits);
    }
    if (least > most) return most + 1;
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
