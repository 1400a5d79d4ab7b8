import type { Note, Observation } from '../../core/observation.ts';
import type { MetricStore } from './metric-store.ts';

/** JSON-RPC methods of MCP that this server answers. Callers may send any text as one. */
const methods: ReadonlySet<string> = new Set([
  ...['initialize', 'notifications/initialized', 'notifications/cancelled', 'ping', 'server/discover'],
  ...['tools/list', 'tools/call', 'prompts/list', 'prompts/get', 'completion/complete'],
  ...['resources/list', 'resources/templates/list', 'resources/read', 'subscriptions/listen'],
  ...['tasks/get', 'tasks/update', 'tasks/cancel'],
]);

const boundedMethod = (method: string | undefined): string =>
  method === undefined ? 'none' : methods.has(method) ? method : 'other';

/** Where the shared cache notes what it could not do. */
const cachePart = 'cache';

/** Counts what is noted. Each refusal and each failure counts once, wherever it was met. */
export function createMetricsSink({ add, observe }: Pick<MetricStore, 'add' | 'observe'>): Note {
  const refused = (code: string) => {
    add('errors_total', 1, code);
    if (code === 'forbidden' || code === 'insufficient_scope') add('access_denied_total', 1, code);
    if (code === 'rate_limited') add('rate_limited_total', 1);
    if (code === 'query_rejected') add('query_rejected_total', 1);
  };
  return (observation: Observation) => {
    switch (observation.kind) {
      case 'tool_called': {
        const { tool, roles, outcome, code, durationMs } = observation;
        add('tool_executions_total', 1, tool, roles?.[0] ?? 'none', outcome);
        observe('tool_execution_duration_seconds', durationMs / 1000, tool);
        if (code !== undefined) refused(code);
        return;
      }
      case 'request_answered': {
        const method = boundedMethod(observation.method);
        add('mcp_requests_total', 1, method, observation.outcome);
        if (observation.durationMs !== undefined) observe('mcp_request_duration_seconds', observation.durationMs / 1000, method);
        return;
      }
      case 'request_refused':
        refused(observation.code);
        // The other half of what `access_refused` has told already.
        if (observation.code === 'unauthenticated' && !observation.noted) add('auth_failures_total', 1, 'request');
        return;
      case 'access_refused':
        if (observation.code === 'unauthenticated') add('auth_failures_total', 1, observation.step);
        return;
      case 'statement_ran':
        add('database_queries_total', 1, observation.login, observation.outcome);
        observe('database_query_duration_seconds', observation.durationMs / 1000, observation.login);
        return;
      case 'slow_query':
        add('slow_queries_total', 1);
        return;
      case 'texts_embedded':
        observe('embedding_duration_seconds', observation.durationMs / 1000, observation.embedder);
        return;
      case 'tokens_counted':
        add('embedding_tokens_total', observation.tokens, observation.embedder);
        return;
      case 'fault_met':
        if (observation.where === cachePart) add('cache_errors_total', 1);
        return;
      default:
        return;
    }
  };
}
