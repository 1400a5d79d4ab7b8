import type { CallUsages } from '../core/call-usage.ts';
import type { Clock } from '../core/clock.ts';
import { cutText } from '../core/cut-text.ts';
import { type ErrorCode, toErrorBody } from '../core/errors.ts';
import { askerOf, type Note } from '../core/observation.ts';
import { maxSqlBytes } from '../query/parse-sql.ts';
import { tellWhileRunning } from './progress.ts';
import type { Tool, ToolCall } from './tool.ts';
import { errorAnswer, type ToolAnswer } from './tool-result.ts';

export interface CallToolOptions {
  readonly clock: Clock;
  readonly note: Note;
  /** Absent: what calls cost is not counted. */
  readonly usages?: CallUsages | undefined;
  /** How often a caller who wants to hear of the progress is told, and how long a call may be before the first time. */
  readonly progressEveryMs?: number;
  /** Whether what callers wrote is noted, for traces that the operator wants it in. */
  readonly tellsArguments?: boolean;
}

const mostArguments = 16_384;

const refusals: ReadonlySet<ErrorCode> = new Set(['forbidden', 'insufficient_scope', 'rate_limited', 'query_rejected']);

/** Failures whose cause is for the operator. Others concern the caller's own words, which do not belong in a log. */
const faults: ReadonlySet<ErrorCode> = new Set(['internal', 'dependency_unavailable']);

/** Runs an admitted call to its end. From here on every failure is an answer: the model is meant to read it. */
export function createCallTool(options: CallToolOptions) {
  const { clock, note, usages, progressEveryMs = 1000, tellsArguments = false } = options;
  return async (tool: Tool, rawArguments: unknown, call: ToolCall, admit?: () => Promise<void>): Promise<ToolAnswer> => {
    const startedAt = clock.monotonic();
    const statement = statementIn(tool, rawArguments);
    const usage = usages?.begin(call.requestId);
    const tellsOf = (failure?: ErrorCode, rowCount?: number) =>
      note({
        kind: 'tool_called',
        requestId: call.requestId,
        ...askerOf(call.principal),
        tool: tool.name,
        outcome: failure === undefined ? 'answered' : refusals.has(failure) ? 'refused' : 'failed',
        code: failure,
        durationMs: clock.monotonic() - startedAt,
        statement,
        ...(tellsArguments && { arguments: cutText(JSON.stringify(rawArguments ?? {}), mostArguments) }),
        rowCount,
        usage,
      });
    let stopTelling = () => {};
    try {
      await admit?.();
      if (call.tellProgress !== undefined) stopTelling = tellWhileRunning(call.tellProgress, progressEveryMs);
      const answer = await tool.answer(rawArguments, call);
      if (usage !== undefined) usage.answerBytes = answer.text.length + (answer.structuredJson?.length ?? 0);
      tellsOf(undefined, answer.rowCount);
      return answer;
    } catch (error) {
      const body = toErrorBody(error, call.requestId);
      tellsOf(body.code);
      if (faults.has(body.code)) note({ kind: 'fault_met', requestId: call.requestId, where: tool.name, error });
      return errorAnswer(body);
    } finally {
      usages?.end(call.requestId);
      stopTelling();
    }
  };
}
/** A longer text is refused by the guard, and nothing that long should wait for the audit trail. */
function statementIn({ sqlArgument }: Tool, rawArguments: unknown): string | undefined {
  if (sqlArgument === undefined || typeof rawArguments !== 'object' || rawArguments === null) return undefined;
  const statement: unknown = Reflect.get(rawArguments, sqlArgument);
  return typeof statement === 'string' && statement.length <= maxSqlBytes ? statement : undefined;
}
export type CallTool = ReturnType<typeof createCallTool>;
