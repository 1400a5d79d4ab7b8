import { expect, test } from 'vitest';
import type { Observation } from '../../../src/core/observation.ts';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';
import { createMetricsSink } from '../../../src/telemetry/metrics/metrics-sink.ts';

/** What stands after these, without what stands at 0. */
function counted(...observations: Observation[]): Record<string, number> {
  const store = createMetricStore();
  const note = createMetricsSink(store);
  for (const observation of observations) note(observation);
  const entries = store.samples().map(({ metric, labels, values }) => {
    const value = metric.buckets === undefined ? values[0] : values.at(-1);
    return [[metric.name, ...labels].join(' '), value ?? 0] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== 0));
}

const call = {
  kind: 'tool_called',
  requestId: 'r',
  subject: 'ann@example.com',
  roles: ['store_manager'],
  durationMs: 250,
} as const;

test('a call counts by tool, role and outcome, never by who called', () => {
  expect(counted({ ...call, tool: 'execute_sales_query', outcome: 'answered', statement: 'SELECT 1' })).toEqual({
    'tool_executions_total execute_sales_query store_manager answered': 1,
    'tool_execution_duration_seconds execute_sales_query': 0.25,
  });
});

test('a refusal inside a tool counts once for what it is', () => {
  const refused = { ...call, tool: 't', outcome: 'refused' } as const;
  expect(counted({ ...refused, code: 'query_rejected' })).toMatchObject({
    query_rejected_total: 1,
    'errors_total query_rejected': 1,
  });
  expect(counted({ ...refused, code: 'rate_limited' })).toMatchObject({ rate_limited_total: 1, 'errors_total rate_limited': 1 });
  expect(counted({ ...refused, code: 'insufficient_scope' })).toMatchObject({ 'access_denied_total insufficient_scope': 1 });
});

test('a refusal that two parts tell counts once', () => {
  const at = { kind: 'access_refused', requestId: 'r', code: 'unauthenticated', message: 'no' } as const;
  const told = { kind: 'request_refused', requestId: 'r', code: 'unauthenticated', httpStatus: 401, message: 'no' } as const;
  expect(counted({ ...at, step: 'token' }, { ...told, noted: true })).toEqual({
    'auth_failures_total token': 1,
    'errors_total unauthenticated': 1,
  });
  expect(counted(told)).toEqual({ 'auth_failures_total request': 1, 'errors_total unauthenticated': 1 });
});

test('a method that is none of MCP’s cannot make a series of its own', () => {
  const answered = { kind: 'request_answered', requestId: 'r', transport: 'http', outcome: 'refused', durationMs: 1000 } as const;
  expect(counted({ ...answered, method: 'tools/call' })).toMatchObject({ 'mcp_requests_total tools/call refused': 1 });
  expect(counted({ ...answered, method: 'x'.repeat(10) }, { ...answered, method: '__proto__' })).toEqual({
    'mcp_requests_total other refused': 2,
    'mcp_request_duration_seconds other': 2,
  });
  expect(counted({ ...answered, durationMs: undefined })).toEqual({ 'mcp_requests_total none refused': 1 });
});

test('statements, embeddings and the cache’s failures are counted', () => {
  expect(
    counted(
      { kind: 'statement_ran', login: 'reader', outcome: 'query_failed', durationMs: 500 },
      { kind: 'slow_query', fingerprint: 'f', text: 't', durationMs: 5, rowCount: 0 },
      { kind: 'texts_embedded', embedder: 'azure', texts: 2, durationMs: 2000, outcome: 'answered' },
      { kind: 'tokens_counted', embedder: 'azure', tokens: 7 },
      { kind: 'fault_met', where: 'cache', error: new Error('away') },
      { kind: 'fault_met', where: 'elsewhere', error: new Error('away') },
    ),
  ).toEqual({
    'database_queries_total reader query_failed': 1,
    'database_query_duration_seconds reader': 0.5,
    slow_queries_total: 1,
    'embedding_duration_seconds azure': 2,
    'embedding_tokens_total azure': 7,
    cache_errors_total: 1,
  });
});
