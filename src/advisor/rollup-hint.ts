import type { MetricsDefinition } from '../core/metrics-definition.ts';
import { namesOf } from '../query/guard-rules/tree.ts';
import { walk } from './conditions.ts';
import { isAggregated, type TableUse } from './statement-shape.ts';

/** The certified metrics that answer what a statement sums up by itself, and the rollups that they read. */
export function rollupHint(uses: readonly TableUse[], metrics: MetricsDefinition): string | undefined {
  const asked = uses.filter(({ level }) => isAggregated(level));
  if (asked.length === 0) return undefined;
  const tables = new Set(asked.map(({ table }) => `${table.schema}.${table.name}`));
  const summed = new Set(
    asked
      .flatMap(({ level }) => [...walk(level.targetList)])
      .flatMap(({ type, message }) => (type === 'ColumnRef' ? namesOf(message.fields).slice(-1) : [])),
  );
  const relations = (from: string) => [...from.matchAll(/\b(\w+\.\w+) AS\b/g)].map(([, name]) => name ?? '');
  for (const source of metrics.sources) {
    const raw = relations(source.from);
    if (!raw.some((name) => tables.has(name)) || source.sums === undefined) continue;
    const measures = Object.entries(source.sums).filter(([, sql]) =>
      [...summed].some((column) => new RegExp(`\\.${column}\\b`).test(sql)),
    );
    const measure = measures[0]?.[0];
    const rollup = metrics.sources.find(
      (one) => one !== source && measure !== undefined && one.sums?.[measure] !== undefined && relations(one.from).length === 1,
    );
    if (measure === undefined || rollup === undefined || rollup.name === source.name) continue;
    return `the metrics tool answers ${measure} from ${relations(rollup.from)[0]}, in the caller's scope and with its definition`;
  }
  return undefined;
}
