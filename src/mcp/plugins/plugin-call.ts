import { AppError } from '../../core/errors.ts';
import type { Permission, Principal } from '../../core/principal.ts';
import type { QueryResult, RunQuery } from '../../query/query-result.ts';
import type { ToolCall } from '../tool.ts';
import { type LiteralValue, sqlText } from './sql-text.ts';

/** Rows for a plug-in's own use. Given back as the answer they keep PostgreSQL's exact digits, which these numbers may lack. */
export interface PluginRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly truncated: boolean;
}

/** All that a plug-in may do for a caller. */
export interface PluginCall {
  /** One SELECT in the caller's scope, behind the same guard as the caller's own SQL. Values become literals, never SQL. */
  query(text: TemplateStringsArray, ...values: LiteralValue[]): Promise<PluginRows>;
  /** Names of the tenants that the caller may see. */
  readonly scope: readonly string[];
  /** Aborts when the caller goes away or the time is up. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Tells the caller what is wrong with the arguments. */
  refuse(message: string, hint?: string): never;
}

export interface PluginCallOptions {
  readonly call: ToolCall;
  readonly permissions: readonly Permission[];
  readonly runQuery: RunQuery;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** A call of a tool is one entry of the audit trail: what it asks the database for has an end. */
const mostStatements = 20;

export interface OpenPluginCall {
  readonly call: PluginCall;
  /** The result behind rows that `query` gave. */
  resultOf(answer: unknown): QueryResult | undefined;
  /** From now on nothing is asked for any more: the call has been answered and recorded. */
  close(): void;
}

/** Holds a plug-in to the permissions that it declared and its caller has. */
export function openPluginCall({ call, permissions, runQuery, signal, now }: PluginCallOptions): OpenPluginCall {
  const principal = narrowed(call.principal, permissions);
  const results = new WeakMap<object, QueryResult>();
  let left = mostStatements;
  let open = true;
  return {
    call: {
      async query(text, ...values) {
        if (!open) throw new Error('the call is over: a plug-in must wait for its queries');
        if (left === 0) throw new Error(`a call asks ${mostStatements} statements at the most`);
        left -= 1;
        const result = await runQuery({ sql: sqlText(text, values), principal, signal, requestId: call.requestId });
        const rows: PluginRows = {
          columns: result.columns.map(({ name }) => name),
          rows: JSON.parse(result.rowsJson) as unknown[][],
          truncated: result.truncated,
        };
        results.set(rows, result);
        return rows;
      },
      scope: principal.tenants.map(({ name }) => name),
      signal,
      now,
      refuse(message, hint) {
        throw new AppError('invalid_input', message, hint === undefined ? {} : { hint });
      },
    },
    resultOf: (answer) => (typeof answer === 'object' && answer !== null ? results.get(answer) : undefined),
    close: () => {
      open = false;
    },
  };
}

function narrowed(principal: Principal, declared: readonly Permission[]): Principal {
  return { ...principal, permissions: new Set(declared.filter((name) => principal.permissions.has(name))) };
}
