import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { Permission, Principal } from '../core/principal.ts';
import { nearestNames } from '../query/nearest-names.ts';
import type { ToolPage } from './apps/app-page.ts';
import type { TellProgress } from './progress.ts';
import type { ToolAnswer } from './tool-result.ts';

export interface ToolCall {
  readonly principal: Principal;
  readonly requestId: string;
  /** Aborts when the client cancels or goes away; the running SQL must stop with it. */
  readonly signal: AbortSignal;
  /** Present where the caller wants to hear how far a long call is. */
  readonly tellProgress?: TellProgress | undefined;
}

export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

export type JsonObject = { [key: string]: unknown };

/** What every call has in common, whatever its arguments are. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Absent = any verified caller. */
  readonly permission?: Permission;
  /** True when an empty tenant scope must be refused rather than answered with nothing. */
  readonly needsTenants: boolean;
  readonly annotations: ToolAnnotations;
  /** The argument that holds SQL of the caller's own, where one does. */
  readonly sqlArgument?: string;
  /** Shown by hosts that know MCP Apps. */
  readonly page?: ToolPage;
  /** JSON Schema 2020-12, the default dialect of MCP. */
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  /** Takes arguments as they came; refuses them with `invalid_input`. */
  answer(rawArguments: unknown, call: ToolCall): Promise<ToolAnswer>;
}

export interface ToolDefinition<Input extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly permission?: Permission;
  readonly needsTenants?: boolean;
  readonly annotations: ToolAnnotations;
  readonly sqlArgument?: string & keyof Input['shape'];
  readonly page?: ToolPage;
  readonly input: Input;
  readonly output: z.ZodObject;
  run(input: z.output<Input>, call: ToolCall): Promise<ToolAnswer>;
}

export const readOnly: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { input, output, run, needsTenants = false, ...rest } = definition;
  return {
    ...rest,
    needsTenants,
    inputSchema: jsonSchema(input, 'input'),
    outputSchema: jsonSchema(output, 'output'),
    answer: async (rawArguments, call) => run(parseArguments(input, rawArguments), call),
  };
}

function parseArguments<Input extends z.ZodObject>(input: Input, rawArguments: unknown): z.output<Input> {
  const parsed = input.safeParse(rawArguments ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const { path, message } = issue;
    return `${path.length === 0 ? '' : `${path.join('.')}: `}${message}${meantBy(issue, rawArguments)}`;
  });
  throw new AppError('invalid_input', faults.join('; '), {
    hint: `Arguments: ${Object.keys(input.shape).join(', ') || 'none'}. tools/list has the schema of each.`,
  });
}

/** The choice that a misspelt one is like. */
function meantBy(issue: z.core.$ZodIssue, rawArguments: unknown): string {
  if (issue.code !== 'invalid_value') return '';
  const given = issue.path.reduce<unknown>((value, key) => (Object(value) as Record<PropertyKey, unknown>)[key], rawArguments);
  const [meant] = typeof given === 'string' ? nearestNames(given, issue.values.map(String), 1) : [];
  return meant === undefined ? '' : ` (did you mean ${JSON.stringify(meant)}?)`;
}

/** Compact on purpose: the tool list is read by a model with every conversation. Of an answer it names the properties and no more. */
function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): JsonObject {
  const { $schema, ...compact } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    override: ({ jsonSchema: node }) => {
      if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
      if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
      // Keys of an object are text anyway
      delete node.propertyNames;
      if (io !== 'output') return;
      delete node.additionalProperties;
      delete node.required;
      delete node.items;
      if (Object.keys(node.properties ?? { some: 1 }).length === 0) delete node.properties;
    },
  });
  return compact;
}
