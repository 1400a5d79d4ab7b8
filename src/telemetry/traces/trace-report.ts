import type { Span } from './trace.ts';

export interface ToldSpan {
  readonly name: string;
  readonly ms: number;
  readonly error?: string;
  readonly rows?: number;
  readonly children: readonly ToldSpan[];
}

export interface TraceReport {
  readonly request_id: string;
  readonly started_at: string;
  readonly spans: ToldSpan;
  readonly hints: readonly string[];
}

/** A trace for the eyes of an operator: who did what for how long, and nothing of what was asked. */
export function traceReport(requestId: string, root: Span): TraceReport {
  return {
    request_id: requestId,
    started_at: new Date(root.startMs).toISOString(),
    spans: toldSpan(root),
    hints: hintsFor(root),
  };
}

function toldSpan({ name, durationMs, error, attributes, children }: Span): ToldSpan {
  const rows = attributes['db.response.returned_rows'];
  return {
    name,
    ms: Math.round(durationMs * 10) / 10,
    ...(error !== undefined && { error: String(attributes['zava_mcp.error.code'] ?? error) }),
    ...(typeof rows === 'number' && { rows }),
    children: children.map(toldSpan),
  };
}

const slowMs = 2000;

function hintsFor(root: Span): string[] {
  const spans = flat(root);
  const statements = spans.filter(({ kind }) => kind === 'database');
  const inDatabase = statements.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const share = Math.round((100 * inDatabase) / Math.max(root.durationMs, 1));
  const hints: string[] = [];
  if (root.durationMs > slowMs && share >= 50)
    hints.push(`${share} % of the time went to PostgreSQL: look for the statement among the slow queries of the log`);
  if (root.durationMs > slowMs && share < 50)
    hints.push(
      `PostgreSQL took ${share} % of the time: look at event_loop_lag_seconds, the embedder and database_connections_waiting`,
    );
  if (statements.length > 5) hints.push(`${statements.length} statements for one request`);
  for (const { name, error, attributes } of spans)
    if (error !== undefined) hints.push(`${name} ended with ${attributes['zava_mcp.error.code'] ?? error}`);
  return hints;
}

const flat = (span: Span): Span[] => [span, ...span.children.flatMap(flat)];

/** One line a span, in the form of a tree. */
export function formatTrace({ request_id, started_at, spans, hints }: TraceReport): string {
  const lines = [`request ${request_id}, ${started_at}`, ...treeLines(spans, '')];
  return `${[...lines, ...hints.map((hint) => `hint: ${hint}`)].join('\n')}\n`;
}

function treeLines({ name, ms, error, rows, children }: ToldSpan, indent: string): string[] {
  const facts = [
    `${ms} ms`,
    ...(rows === undefined ? [] : [`${rows} rows`]),
    ...(error === undefined ? [] : [`failed: ${error}`]),
  ];
  return [`${indent}${name}  ${facts.join(', ')}`, ...children.flatMap((child) => treeLines(child, `${indent}  `))];
}
