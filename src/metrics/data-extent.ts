import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { Day } from '../core/day.ts';
import type { MetricsDefinition } from '../core/metrics-definition.ts';
import type { RunQuery } from '../query/query-result.ts';
import type { MetricsCall } from './metrics-call.ts';
import type { Period } from './period.ts';

export interface DataExtentOptions {
  readonly definition: Pick<MetricsDefinition, 'extent'>;
  readonly runQuery: RunQuery;
  readonly clock: Clock;
}

/** The first and the last day with figures in the caller's scope; undefined where there is none. */
export type DataExtent = (call: MetricsCall) => Promise<Period | undefined>;

/** It decides what answers say beside the figures, and no figure: a minute's delay does no harm. */
const rememberedMs = 60_000;

export function createDataExtent({ definition, runQuery, clock }: DataExtentOptions): DataExtent {
  const known = new LRUCache<string, { readonly extent: Period | undefined; readonly readAt: number }>({ max: 1000 });
  return async (call) => {
    const scope = call.principal.tenants.map(({ id }) => id).join(',');
    const last = known.get(scope);
    if (last !== undefined && clock.monotonic() - last.readAt < rememberedMs) return last.extent;
    const [[from, to] = []] = JSON.parse((await runQuery({ ...call, sql: definition.extent })).rowsJson) as (Day | null)[][];
    const extent = from && to ? { first: from, last: to } : undefined;
    known.set(scope, { extent, readAt: clock.monotonic() });
    return extent;
  };
}
