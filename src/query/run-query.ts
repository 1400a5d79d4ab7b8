import type { CallUsage, CallUsages } from '../core/call-usage.ts';
import type { Clock } from '../core/clock.ts';
import type { Principal } from '../core/principal.ts';
import { readerRoleFor, type SchemaDefinition } from '../core/schema-definition.ts';
import type { ResultColumn, TenantResult } from '../postgres/database.ts';
import type { ApprovedQuery } from './approved-query.ts';
import type { LabelColumns } from './column-labels.ts';
import type { Execute } from './execute.ts';
import type { Guard } from './guard.ts';
import type { NamedColumn, RunQuery } from './query-result.ts';
import type { RememberAnswers, RememberedAnswer } from './remember-answers.ts';
import { type RenderedRows, renderRows } from './render-rows.ts';
import type { RanStatement } from './slow-query.ts';
import type { TypeCatalog } from './type-catalog.ts';

export interface RunQueryOptions {
  readonly definition: SchemaDefinition;
  readonly guard: Guard;
  readonly execute: Execute;
  readonly types: TypeCatalog;
  readonly labelColumns: LabelColumns;
  /** Absent: every call asks the database. */
  readonly remember?: RememberAnswers;
  /** Told of every statement that the database was asked. */
  readonly watch?: (ran: RanStatement) => void;
  /** Absent: what calls cost is not counted. */
  readonly usages?: CallUsages | undefined;
  /** Bytes that the rows may take as JSON. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** What may be asked again later, without its caller: neither token nor person. */
interface Asked extends Pick<Principal, 'tenants'>, Pick<RanStatement, 'sql' | 'requestId'> {}

/** The path of every caller's statement: guard, what is remembered, execute, render. */
export function createRunQuery(options: RunQueryOptions): RunQuery {
  const { definition, guard, execute, types, labelColumns, remember = askAlways, watch, usages, maxBytes, clock } = options;
  const run = async (
    approved: ApprovedQuery,
    { sql, requestId, tenants }: Asked,
    signal?: AbortSignal,
  ): Promise<TenantResult> => {
    const start = clock.monotonic();
    const ended = (outcome: RanStatement['outcome']) => {
      const durationMs = clock.monotonic() - start;
      const usage = usages?.of(requestId);
      if (usage !== undefined) usage.databaseMs += durationMs;
      watch?.({ sql, text: approved.text, requestId, durationMs, outcome });
    };
    try {
      const result = await execute(approved, { tenants }, signal);
      ended({ rowCount: result.rows.length });
      return result;
    } catch (error) {
      ended({ error });
      throw error;
    }
  };
  const ask = async (approved: ApprovedQuery, asked: Asked, signal?: AbortSignal): Promise<RenderedRows> => {
    const result = await run(approved, asked, signal);
    const { columns, rowsJson, rowCount, truncated } = renderRows(result, types, maxBytes);
    return { columns: labelled(columns, result.columns, approved.relations), rowsJson, rowCount, truncated };
  };
  /** As long as a statement stays prepared its columns are the very same list, and so are their labels. */
  const known = new WeakMap<readonly ResultColumn[], readonly NamedColumn[]>();
  const labelled = (columns: readonly NamedColumn[], described: readonly ResultColumn[], relations: readonly string[]) => {
    const before = known.get(described);
    if (before !== undefined) return before;
    const labels = labelColumns(described, relations);
    const named = columns.map((column, index) => (labels[index]?.length ? { ...column, labels: labels[index] } : column));
    known.set(described, named);
    return named;
  };

  return async ({ sql, principal, signal, requestId }) => {
    const start = clock.monotonic();
    const { tenants } = principal;
    const approved = guard.approve(sql, readerRoleFor(definition, principal.permissions), tenantsToName(principal, definition));
    const answerable = !approved.volatile && tenants.length > 0;
    const { result, cached, stale, saved } = await (answerable ? remember : askAlways)({
      approved,
      tenantIds: tenants.map(({ id }) => id),
      signal,
      produce: (stop) => ask(approved, { sql, requestId, tenants }, stop),
    });
    countAnswer(usages?.of(requestId), saved);
    const { columns, rowsJson, rowCount, truncated } = result;
    const durationMs = Math.round(clock.monotonic() - start);
    const scope = tenants.map(({ name }) => name);
    return { columns, rowsJson, rowCount, truncated, durationMs, cached, stale, scope, hint: approved.hint };
  };
}

function countAnswer(usage: CallUsage | undefined, saved: RememberedAnswer['saved']): void {
  if (usage === undefined) return;
  usage.queries += 1;
  if (saved === undefined) return;
  usage.cacheHits += 1;
  usage.savedMs += saved.ms;
  if (saved.warmed) usage.warmHits += 1;
}

const askAlways: RememberAnswers = async ({ signal, produce }) => ({
  result: await produce(signal),
  cached: false,
  stale: false,
});

/** Ids for the guard to name to the planner. Nobody narrows a scope of every tenant to several: naming all would sort out no row. */
function tenantsToName({ roles, tenants }: Principal, { callerRoles }: SchemaDefinition): number[] {
  const isEveryTenant = tenants.length > 1 && callerRoles.some(({ name, scope }) => scope === 'all' && roles.includes(name));
  return isEveryTenant ? [] : tenants.map(({ id }) => id);
}
