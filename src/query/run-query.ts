import type { Clock } from '../core/clock.ts';
import { readerRoleFor, type SchemaDefinition } from '../core/schema-definition.ts';
import type { LabelColumns } from './column-labels.ts';
import type { Execute } from './execute.ts';
import type { Guard } from './guard.ts';
import type { RunQuery } from './query-result.ts';
import { renderRows } from './render-rows.ts';
import type { TypeCatalog } from './type-catalog.ts';

export interface RunQueryOptions {
  readonly definition: SchemaDefinition;
  readonly guard: Guard;
  readonly execute: Execute;
  readonly types: TypeCatalog;
  readonly labelColumns: LabelColumns;
  /** Bytes that the rows may take as JSON. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** The path of every caller's statement: guard, execute, render. */
export function createRunQuery({ definition, guard, execute, types, labelColumns, maxBytes, clock }: RunQueryOptions): RunQuery {
  return async ({ sql, principal, signal }) => {
    const start = clock.monotonic();
    const approved = guard.approve(sql, readerRoleFor(definition, principal.permissions));
    const result = await execute(approved, principal, signal);
    const rendered = renderRows(result, types, maxBytes);
    const labels = labelColumns(result.columns, approved.relations);
    return {
      ...rendered,
      columns: rendered.columns.map((column, index) => ({ ...column, ...(labels[index]?.length && { labels: labels[index] }) })),
      durationMs: Math.round(clock.monotonic() - start),
      cached: false,
      scope: principal.tenants.map((tenant) => tenant.name),
    };
  };
}
