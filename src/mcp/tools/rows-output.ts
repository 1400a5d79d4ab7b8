import { z } from 'zod';

/** The four properties of every row result. Rows are arrays in column order, since column names may repeat. */
export const rowsOutput = {
  columns: z.array(z.object({ name: z.string(), type: z.string(), labels: z.array(z.string()).optional() })),
  rows: z.array(z.array(z.unknown())),
  row_count: z.int(),
  truncated: z.boolean(),
};
