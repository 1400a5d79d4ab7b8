import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';

/** A question with what a shopper would think of the goods: 3 exactly right, 2 good, 1 related. */
export interface JudgedQuery {
  readonly id: string;
  /** For example `lexical`, `semantic`; `noanswer` = the catalogue has nothing. */
  readonly class: string;
  readonly query: string;
  /** Grade by item code; what is not named is wrong. */
  readonly judgments: Readonly<Record<string, number>>;
}

export const unanswerable = 'noanswer';

const judged = z.object({
  id: z.string(),
  class: z.string(),
  query: z.string().min(1).max(500),
  judgments: z.record(z.string(), z.int().min(0).max(3)).default({}),
});
const schema = z.union([
  z.object({ queries: z.array(judged).min(1) }).transform(({ queries }) => queries),
  z.array(judged).min(1),
]);

export async function readQueryFile(path: string): Promise<readonly JudgedQuery[]> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new AppError('invalid_input', `${path} is not a file of judged queries`, {
      hint: 'It is JSON: {"queries": [{"id", "class", "query", "judgments": {"<sku>": 1..3}}]}.',
      cause,
    });
  }
}
