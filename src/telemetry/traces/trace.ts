import type { RemoteParent } from '../../core/trace-context.ts';
import type { RecordedRequest, RecordedStatement } from './recorded-request.ts';

/** One piece of work for a request. Its names and attributes are this server's own words, by OpenTelemetry's conventions. */
export interface Span {
  readonly name: string;
  /** `request` and `message` are what callers sent, `database` what PostgreSQL was asked. */
  readonly kind: 'request' | 'message' | 'database';
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly durationMs: number;
  /** What it failed with. */
  readonly error?: string | undefined;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** A caller's span that this one continues. */
  readonly remoteParent?: RemoteParent | undefined;
  readonly children: readonly Span[];
}

/**
 * The tree that a request's record amounts to: HTTP request, MCP message, statements. Names and attributes by
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md and
 * https://opentelemetry.io/docs/specs/semconv/database/postgresql/
 */
export function spanTree(recorded: RecordedRequest, databaseName: string): Span {
  const message = messageSpan(recorded, databaseName);
  const { requestId, end, endedAt } = recorded;
  if (end?.transport !== 'http') return message;
  return {
    name: 'POST /mcp',
    kind: 'request',
    ...interval(endedAt, end.durationMs ?? 0),
    error: end.outcome === 'failed' ? (end.code ?? String(end.httpStatus)) : undefined,
    attributes: {
      ...{ 'http.request.method': 'POST', 'http.route': '/mcp', 'url.path': '/mcp', 'zava_mcp.request.id': requestId },
      ...(end.httpStatus !== undefined && { 'http.response.status_code': end.httpStatus }),
    },
    remoteParent: end.transportParent,
    children: [message],
  };
}

function messageSpan({ requestId, end, endedAt, call, statements }: RecordedRequest, databaseName: string): Span {
  const method = end?.method ?? (call === undefined ? 'unreadable message' : 'tools/call');
  const code = call?.code ?? end?.code;
  return {
    name: call === undefined ? method : `${method} ${call.tool}`,
    kind: 'message',
    ...interval(call?.endedAt ?? endedAt, call?.durationMs ?? end?.durationMs ?? 0),
    error: call?.code === undefined ? code : 'tool_error',
    attributes: {
      ...{ 'mcp.method.name': method, 'zava_mcp.request.id': requestId },
      'network.transport': end?.transport === 'stdio' ? 'pipe' : 'tcp',
      ...(call && { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': call.tool }),
      ...(call?.content !== undefined && { 'gen_ai.tool.call.arguments': call.content }),
      ...(end?.rpcId !== undefined && { 'jsonrpc.request.id': String(end.rpcId) }),
      ...(end?.protocolVersion !== undefined && { 'mcp.protocol.version': end.protocolVersion }),
      ...(code !== undefined && { 'zava_mcp.error.code': code }),
    },
    remoteParent: end?.messageParent,
    children: statements.map((statement) => statementSpan(statement, databaseName)),
  };
}

function statementSpan({ endedAt, durationMs, outcome, rowCount, content }: RecordedStatement, databaseName: string): Span {
  return {
    name: `SELECT ${databaseName}`,
    kind: 'database',
    ...interval(endedAt, durationMs),
    error: outcome === 'answered' ? undefined : outcome,
    attributes: {
      ...{ 'db.system.name': 'postgresql', 'db.namespace': databaseName, 'db.operation.name': 'SELECT' },
      ...(rowCount !== undefined && { 'db.response.returned_rows': rowCount }),
      ...(content !== undefined && { 'db.query.text': content }),
    },
    children: [],
  };
}

const interval = (endedAt: number, durationMs: number) => ({ startMs: endedAt - durationMs, durationMs });
