import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Permission } from '../../core/principal.ts';
import type { PluginCall } from './plugin-call.ts';

/** What a plug-in gives: a tool as plain data with one verb. It gets the words to write it with, and nothing else. */
export type MakePlugin = (kit: PluginKit) => unknown;

export interface PluginKit {
  /** zod 4, which describes the arguments. */
  readonly z: typeof z;
}

export interface PluginDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What a caller needs. */
  readonly permission: Permission;
  /** Permissions whose columns the plug-in's SQL may read, for callers who hold them. Others stay closed to it, whoever calls. */
  readonly alsoReads: readonly Permission[];
  readonly input: z.ZodObject;
  /** Absent: the answer is the rows of a query. */
  readonly output?: z.ZodObject | undefined;
  run(input: unknown, call: PluginCall): Promise<unknown>;
}

const isObjectSchema = (value: unknown): value is z.ZodObject => value instanceof z.ZodObject;

function definitionSchema(permissions: readonly Permission[]) {
  const known = z.enum(permissions as [string, ...string[]], { error: `must be one of ${permissions.join(', ')}` });
  return z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]{2,63}$/, 'must be snake_case, 3 to 64 characters'),
    title: z.string().min(1).max(100),
    // Read by a model with every conversation.
    description: z.string().min(20).max(1000),
    permission: known,
    alsoReads: z.array(known).default([]),
    input: z.custom<z.ZodObject>(
      (value) => isObjectSchema(value) && isStrict(value),
      'must be z.strictObject({…}) of the given z',
    ),
    output: z.custom<z.ZodObject>(isObjectSchema, 'must be z.object({…}) of the given z').optional(),
    run: z.custom<PluginDefinition['run']>((value) => typeof value === 'function', 'must be a function'),
  });
}

const isStrict = (schema: z.ZodObject) => (schema.def.catchall as z.ZodType | undefined)?.def.type === 'never';

/** Checks what a plug-in gave. Throws `misconfigured` with everything that is wrong with it. */
export function readPlugin(file: string, make: MakePlugin, permissions: readonly Permission[]): PluginDefinition {
  let given: unknown;
  try {
    given = make({ z });
  } catch (cause) {
    throw new AppError('misconfigured', `The plug-in ${file} failed: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const read = definitionSchema(permissions).safeParse(given);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  throw new AppError('misconfigured', `The plug-in ${file} is not a tool: ${faults.join('; ')}`, {
    hint: 'docs/how-to/add-a-tool.md shows what a plug-in gives.',
  });
}
