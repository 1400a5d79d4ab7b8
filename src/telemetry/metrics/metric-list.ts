export interface MetricDefinition {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM, as OpenTelemetry wants it: `s`, `By`, `1`, `{call}`. */
  readonly unit: string;
  /** Every label has few values, all of them this server's own words: never a subject, a statement or a tenant. */
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly buckets?: readonly number[];
  /** What several processes of one server say together where it is not the sum. */
  readonly across?: 'max';
}

const callSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every metric that the server exports, under this name everywhere. docs/reference/exported-metrics.md is made from it. */
export const metricList = [
  {
    name: 'mcp_requests_total',
    kind: 'counter',
    unit: '{request}',
    labels: ['method', 'outcome'],
    help: 'MCP messages by JSON-RPC method and outcome (answered, refused, failed, gone).',
  },
  {
    name: 'mcp_request_duration_seconds',
    kind: 'histogram',
    unit: 's',
    labels: ['method'],
    help: 'From the arrival of an MCP message to the end of its answer. Streams that rest are not counted.',
    buckets: callSeconds,
  },
  {
    name: 'tool_executions_total',
    kind: 'counter',
    unit: '{call}',
    labels: ['tool', 'role', 'outcome'],
    help: 'Calls of tools by outcome (answered, refused, failed). Who has several roles counts under the first in the definition.',
  },
  {
    name: 'tool_execution_duration_seconds',
    kind: 'histogram',
    unit: 's',
    labels: ['tool'],
    help: 'Time that a call of a tool took.',
    buckets: callSeconds,
  },
  {
    name: 'database_queries_total',
    kind: 'counter',
    unit: '{statement}',
    labels: ['login', 'outcome'],
    help: 'Statements that were sent to PostgreSQL, by login (reader: callers’ statements, server: its own) and outcome.',
  },
  {
    name: 'database_query_duration_seconds',
    kind: 'histogram',
    unit: 's',
    labels: ['login'],
    help: 'Time that a statement took, the wait for a connection included.',
    buckets: callSeconds,
  },
  {
    name: 'database_connections_active',
    kind: 'gauge',
    unit: '{connection}',
    labels: [],
    help: 'Connections that run a statement now.',
  },
  {
    name: 'database_connections_waiting',
    kind: 'gauge',
    unit: '{call}',
    labels: [],
    help: 'Calls that wait for a connection now.',
  },
  {
    name: 'database_pool_size',
    kind: 'gauge',
    unit: '{connection}',
    labels: [],
    help: 'Connections that all pools of the process may have together.',
  },
  {
    name: 'database_acquire_p95_seconds',
    kind: 'gauge',
    unit: 's',
    labels: [],
    help: 'Of the waits for a connection that ended in the last minute, the 95th percentile.',
    across: 'max',
  },
  {
    name: 'slow_queries_total',
    kind: 'counter',
    unit: '{statement}',
    labels: [],
    help: 'Callers’ statements that took longer than SLOW_QUERY_MS.',
  },
  { name: 'cache_hits_total', kind: 'counter', unit: '{answer}', labels: [], help: 'Answers from the result cache.' },
  {
    name: 'cache_misses_total',
    kind: 'counter',
    unit: '{answer}',
    labels: [],
    help: 'Answers that the result cache did not have.',
  },
  {
    name: 'cache_errors_total',
    kind: 'counter',
    unit: '{error}',
    labels: [],
    help: 'Failures of the shared cache. The calls went on without it.',
  },
  {
    name: 'circuit_breaker_state',
    kind: 'gauge',
    unit: '1',
    labels: ['dependency'],
    help: '0 closed, 1 half-open, 2 open.',
    across: 'max',
  },
  {
    name: 'auth_failures_total',
    kind: 'counter',
    unit: '{request}',
    labels: ['step'],
    help: 'Requests without a good token, by the step that refused them (request, token, revocation, mapping).',
  },
  {
    name: 'access_denied_total',
    kind: 'counter',
    unit: '{request}',
    labels: ['code'],
    help: 'Requests and calls of known callers that were not allowed (forbidden, insufficient_scope).',
  },
  {
    name: 'query_rejected_total',
    kind: 'counter',
    unit: '{statement}',
    labels: [],
    help: 'Statements that the guard refused.',
  },
  {
    name: 'rate_limited_total',
    kind: 'counter',
    unit: '{request}',
    labels: [],
    help: 'Requests and calls that came too fast.',
  },
  {
    name: 'embedding_tokens_total',
    kind: 'counter',
    unit: '{token}',
    labels: ['embedder'],
    help: 'Tokens that the embedding service has counted, and charges. The local model counts none.',
  },
  {
    name: 'embedding_duration_seconds',
    kind: 'histogram',
    unit: 's',
    labels: ['embedder'],
    help: 'Time that turning texts into vectors took, a call of the embedder each.',
    buckets: callSeconds,
  },
  {
    name: 'errors_total',
    kind: 'counter',
    unit: '{error}',
    labels: ['code'],
    help: 'Requests and calls that did not end well, by error code; each once.',
  },
  {
    name: 'system_cpu_usage_percent',
    kind: 'gauge',
    unit: '%',
    labels: [],
    help: 'CPU time of the process as a share of what it may use: 100 = all of it.',
  },
  { name: 'system_memory_usage_bytes', kind: 'gauge', unit: 'By', labels: [], help: 'Resident memory of the process.' },
  {
    name: 'event_loop_lag_seconds',
    kind: 'gauge',
    unit: 's',
    labels: [],
    help: '99th percentile of how late the event loop was, over the last sample.',
    across: 'max',
  },
  {
    name: 'load_ratio',
    kind: 'gauge',
    unit: '1',
    labels: [],
    help: 'How busy the server is, 0 to 1: its scarcest resource, smoothed over a minute.',
    across: 'max',
  },
  {
    name: 'replicas_desired',
    kind: 'gauge',
    unit: '{replica}',
    labels: [],
    help: 'Replicas that the autoscaler wants.',
    across: 'max',
  },
  {
    name: 'backup_age_seconds',
    kind: 'gauge',
    unit: 's',
    labels: [],
    help: 'Age of the last full backup.',
    across: 'max',
  },
  {
    name: 'backup_verified_timestamp_seconds',
    kind: 'gauge',
    unit: 's',
    labels: [],
    help: 'When a backup was last restored for a test, in seconds since 1970.',
    across: 'max',
  },
  {
    name: 'audit_events_total',
    kind: 'counter',
    unit: '{event}',
    labels: [],
    help: 'Records that were written to the audit trail.',
  },
  {
    name: 'estimated_cost_monthly',
    kind: 'gauge',
    unit: '{USD}',
    labels: [],
    help: 'Estimated cost of a month in US dollars.',
    across: 'max',
  },
] as const satisfies readonly MetricDefinition[];

export type MetricName = (typeof metricList)[number]['name'];

export const metricDefinitions: ReadonlyMap<string, MetricDefinition> = new Map(
  metricList.map((metric) => [metric.name, metric]),
);
