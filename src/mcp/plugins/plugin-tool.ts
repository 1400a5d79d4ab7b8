import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Permission } from '../../core/principal.ts';
import type { RunQuery } from '../../query/query-result.ts';
import { defineTool, readOnly, type Tool } from '../tool.ts';
import { objectAnswer, rowsAnswer, type ToolAnswer } from '../tool-result.ts';
import { rowsOutput } from '../tools/rows-output.ts';
import { type OpenPluginCall, openPluginCall } from './plugin-call.ts';
import { type MakePlugin, type PluginDefinition, readPlugin } from './plugin-definition.ts';

/** A file of the plug-ins' folder, as it was loaded. */
export interface Plugin {
  readonly file: string;
  readonly make: MakePlugin;
}

export interface PluginToolsOptions {
  readonly plugins: readonly Plugin[];
  /** Of the served schema. */
  readonly permissions: readonly Permission[];
  readonly runQuery: RunQuery;
  /** Bytes that an answer may take. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Tools of the operator's own, behind the same admission, guard, scope, caps and record as all others. */
export function createPluginTools(options: PluginToolsOptions): Tool[] {
  const { plugins, permissions } = options;
  return plugins.map(({ file, make }) => pluginTool(readPlugin(file, make, permissions), options));
}

function pluginTool(definition: PluginDefinition, { runQuery, maxBytes, timeoutMs, clock }: PluginToolsOptions): Tool {
  const { name, title, description, permission, alsoReads, input, output } = definition;
  return defineTool({
    ...{ name, title, description, permission, input },
    needsTenants: true,
    annotations: readOnly,
    output: output ?? z.object({ ...rowsOutput }),
    async run(given, call) {
      const time = AbortSignal.timeout(timeoutMs);
      const opened = openPluginCall({
        ...{ call, runQuery, now: clock.now },
        permissions: [permission, ...alsoReads],
        signal: AbortSignal.any([call.signal, time]),
      });
      try {
        return withinBytes(
          toAnswer(definition, opened, await beforeEnd(definition.run(given, opened.call), time, timeoutMs)),
          maxBytes,
        );
      } finally {
        opened.close();
      }
    },
  });
}

/** A plug-in that does not listen to its signal is left alone: what it asks from then on is refused. */
function beforeEnd<T>(work: Promise<T>, time: AbortSignal, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = () => reject(new AppError('query_timeout', `The tool took longer than ${timeoutMs / 1000} s and was stopped`));
    time.addEventListener('abort', over, { once: true });
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => time.removeEventListener('abort', over));
  });
}

function toAnswer({ name, output }: PluginDefinition, { resultOf }: OpenPluginCall, answer: unknown): ToolAnswer {
  if (output !== undefined) {
    const read = output.safeParse(answer);
    if (read.success) return objectAnswer(read.data);
    throw new Error(`the plug-in ${name} gave what its output does not allow: ${read.error.message}`);
  }
  const result = resultOf(answer);
  if (result === undefined) throw new Error(`the plug-in ${name} has no output schema, so it must give back what query gave`);
  const { rowCount, truncated, hint, cached, scope } = result;
  return rowsAnswer({
    ...result,
    message: rowCount === 0 ? 'No rows' : truncated ? hint : undefined,
    details: { cached, scope },
  });
}

function withinBytes(answer: ToolAnswer, maxBytes: number): ToolAnswer {
  // Rows are cut where they are read; what a plug-in makes of them is not.
  if (Buffer.byteLength(answer.text) <= maxBytes + 2048) return answer;
  throw new AppError('query_failed', 'The answer is too long to be sent', {
    hint: 'Ask for less: a shorter period, fewer rows.',
  });
}
