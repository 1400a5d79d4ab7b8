import { metricDefinitions } from './metric-list.ts';
import type { Sample } from './metric-store.ts';

/** A sample without its definition, fit for a message between processes. */
export interface PlainSample {
  readonly name: string;
  readonly labels: readonly string[];
  readonly values: readonly number[];
}

export const toPlain = (samples: readonly Sample[]): PlainSample[] =>
  samples.map(({ metric, labels, values }) => ({ name: metric.name, labels, values }));

/** Counts only: what a process that has ended leaves behind. */
export const countsOf = (samples: readonly PlainSample[]): PlainSample[] =>
  samples.filter(({ name }) => metricDefinitions.get(name)?.kind !== 'gauge');

/** What several processes say together: sums, and of gauges that cannot be added the largest. */
export function mergeSamples(processes: readonly (readonly PlainSample[])[]): Sample[] {
  const merged = new Map<string, Sample>();
  for (const { name, labels, values } of processes.flat()) {
    const metric = metricDefinitions.get(name);
    if (metric === undefined) continue;
    const key = [name, ...labels].join('\n');
    const before = merged.get(key)?.values ?? values.map(() => (metric.across === 'max' ? Number.NEGATIVE_INFINITY : 0));
    const together = values.map((value, slot) =>
      metric.across === 'max' ? Math.max(value, before[slot] ?? value) : value + (before[slot] ?? 0),
    );
    merged.set(key, { metric, labels, values: together, offset: 0 });
  }
  return [...merged.values()];
}
