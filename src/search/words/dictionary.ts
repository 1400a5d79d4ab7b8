import { readFile } from 'node:fs/promises';

/** Tells a word of the language from a misspelling. */
export type IsWord = (word: string) => boolean;

/** What may follow a word, what it then loses, and the flag in the word list that allows it (`index.aff` of the package). */
const endings: readonly (readonly [ending: string, restored: string, flag: string])[] = [
  ['s', '', 'S'],
  ['es', '', 'S'],
  ['ies', 'y', 'S'],
  ['ed', '', 'D'],
  ['d', '', 'D'],
  ['ied', 'y', 'D'],
  ['ing', '', 'G'],
  ['ing', 'e', 'G'],
  ['er', '', 'R'],
  ['r', '', 'R'],
  ['ier', 'y', 'R'],
  ['ers', '', 'Z'],
  ['rs', '', 'Z'],
  ['ly', '', 'Y'],
  ['est', '', 'T'],
  ['ness', '', 'P'],
  ['ment', '', 'L'],
  ['able', '', 'B'],
  ['able', 'e', 'B'],
];

/** English as Hunspell knows it (`dictionary-en`): 49,000 words with their endings. Loaded when the first search needs it. */
export async function loadEnglish(): Promise<IsWord> {
  const file = new URL(import.meta.resolve('dictionary-en').replace(/index\.js$/, 'index.dic'));
  const flags = new Map<string, string>();
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    const [word = '', allowed = ''] = line.split('/', 2);
    // Names are no words here: "Phillip" would forbid mending "phillips".
    if (/^[a-z]{2,}$/.test(word)) flags.set(word, (flags.get(word) ?? '') + allowed);
  }
  const isFormed = (word: string) =>
    endings.some(([ending, restored, flag]) => {
      if (!word.endsWith(ending)) return false;
      return flags.get(word.slice(0, word.length - ending.length) + restored)?.includes(flag) ?? false;
    });
  return (word) => flags.has(word) || isFormed(word);
}
