import { z } from 'zod';

/**
 * The four properties of every row result, in as few words as a model needs: `columns` have `name`, `type` and, where there is
 * something to mind, `labels`. Rows are arrays in column order, since column names may repeat.
 */
export const rowsOutput = {
  columns: z.array(z.looseObject({})),
  rows: z.array(z.unknown()),
  row_count: z.int(),
  truncated: z.boolean(),
};
