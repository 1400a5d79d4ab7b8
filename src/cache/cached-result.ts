import { z } from 'zod';

/** The part of an answer that every caller of the same scope shares: finished JSON text, so that no digit is lost on the way. */
export const cachedResult = z.strictObject({
  columns: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      labels: z.exactOptional(z.array(z.enum(['untrusted_text', 'personal', 'internal']))),
    }),
  ),
  /** `[[…],[…]]` */
  rowsJson: z.string(),
  rowCount: z.int().nonnegative(),
  truncated: z.boolean(),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Shared by all who are answered from it: frozen. */
export type CachedResult = DeepReadonly<z.infer<typeof cachedResult>>;

export function freezeResult(result: CachedResult): CachedResult {
  for (const column of result.columns) {
    if (column.labels !== undefined) Object.freeze(column.labels);
    Object.freeze(column);
  }
  Object.freeze(result.columns);
  return Object.freeze(result);
}

/** Bytes that it takes in memory, by an upper estimate: V8 keeps a text with any character beyond Latin-1 in two bytes each. */
export function bytesOf({ columns, rowsJson }: CachedResult): number {
  const rows = Buffer.byteLength(rowsJson) === rowsJson.length ? rowsJson.length : 2 * rowsJson.length;
  return 400 + rows + columns.reduce((sum, { name, type }) => sum + 120 + 2 * (name.length + type.length), 0);
}
