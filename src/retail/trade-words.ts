import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { packageRoot } from '../core/package-root.ts';

const folder = new URL('data/search/', packageRoot);
const entry = z.strictObject({ also: z.string(), for: z.string() });
const schemas = {
  kinds: z.record(z.string(), entry),
  concepts: z.array(entry.extend({ when: z.array(z.string().min(1)).min(1) })),
  elsewhere: z.array(z.string().min(1)),
};

/** What the trade calls its goods and uses them for (data/search/README.md says how it was written). */
export async function loadTradeWords() {
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(new URL(file, folder), 'utf8'));
  const [kinds, concepts, elsewhere] = await Promise.all([read('types.json'), read('concepts.json'), read('elsewhere.json')]);
  return {
    kinds: schemas.kinds.parse(kinds),
    concepts: schemas.concepts.parse(concepts),
    elsewhere: schemas.elsewhere.parse(elsewhere),
  };
}
