import type { Clock } from '../core/clock.ts';
import type { Note, Observation } from '../core/observation.ts';
import { mask } from './mask.ts';

const mostPoints = 1000;
const pointsKeptMs = 60 * 60_000;
const mostHours = 24;
const mostEvents = 100;
const mostTools = 64;
const hourMs = 3_600_000;

interface Point {
  readonly at: number;
  readonly durationMs: number;
  readonly outcome: 'answered' | 'failed' | 'refused';
}

export interface DurationSummary {
  readonly calls: number;
  readonly failed: number;
  readonly refused: number;
  readonly minMs: number;
  readonly meanMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface HourCount {
  /** First instant of the hour, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly calls: number;
  readonly failed: number;
  readonly refused: number;
}

/** Something that happened, masked as the log is. */
export interface KeptEvent {
  readonly at: number;
  readonly observation: Observation;
}

const keptKinds = ['request_refused', 'access_refused', 'slow_query', 'fault_met'] as const;
type KeptKind = (typeof keptKinds)[number];

/**
 * What this process has seen lately, for a page to show without a system outside: 1,000 points a tool for an hour, counts for 24, the last
 * 100 events of a kind. Gone with the process; bounded whatever callers do.
 */
export function createHistory({ clock }: { readonly clock: Pick<Clock, 'now'> }) {
  const points = new Map<string, Point[]>();
  const hours = new Map<number, { calls: number; failed: number; refused: number }>();
  const events = new Map<KeptKind, KeptEvent[]>(keptKinds.map((kind) => [kind, []]));

  const count = ({ outcome }: Point, at: number) => {
    const hour = Math.floor(at / hourMs);
    const counts = hours.get(hour) ?? { calls: 0, failed: 0, refused: 0 };
    counts.calls += 1;
    if (outcome !== 'answered') counts[outcome] += 1;
    hours.set(hour, counts);
    for (const known of hours.keys()) if (known <= hour - mostHours) hours.delete(known);
  };
  const note: Note = (observation) => {
    const at = clock.now();
    if (observation.kind === 'tool_called') {
      const point = { at, durationMs: observation.durationMs, outcome: observation.outcome };
      const known = points.get(observation.tool) ?? (points.size < mostTools ? [] : undefined);
      if (known !== undefined) points.set(observation.tool, appended(known, point, mostPoints));
      count(point, at);
      return;
    }
    const kept = events.get(observation.kind as KeptKind);
    // The other half of a refusal that was noted as it happened.
    if (kept === undefined || (observation.kind === 'request_refused' && observation.noted)) return;
    appended(kept, { at, observation: mask(observation) as Observation }, mostEvents);
  };

  return {
    note,
    /** By tool, over the last hour. */
    durations(): Map<string, DurationSummary> {
      const since = clock.now() - pointsKeptMs;
      const recent = [...points].map(([tool, all]) => [tool, all.filter(({ at }) => at >= since)] as const);
      return new Map(recent.filter(([, all]) => all.length > 0).map(([tool, all]) => [tool, summaryOf(all)]));
    },
    /** The latest first. */
    hours(most: number): HourCount[] {
      const now = Math.floor(clock.now() / hourMs);
      return Array.from({ length: Math.min(most, mostHours) }, (_, back) => now - back).flatMap((hour) => {
        const counts = hours.get(hour);
        return counts === undefined ? [] : [{ startedAt: hour * hourMs, ...counts }];
      });
    },
    /** The latest first. */
    events: (kind: KeptKind): readonly KeptEvent[] => [...(events.get(kind) ?? [])].reverse(),
  };
}
export type History = ReturnType<typeof createHistory>;

function appended<T>(list: T[], item: T, most: number): T[] {
  list.push(item);
  if (list.length > most) list.shift();
  return list;
}

function summaryOf(points: readonly Point[]): DurationSummary {
  const sorted = points.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const of = (outcome: Point['outcome']) => points.filter((point) => point.outcome === outcome).length;
  return {
    calls: points.length,
    failed: of('failed'),
    refused: of('refused'),
    minMs: sorted[0] ?? 0,
    meanMs: sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length,
    medianMs: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: sorted.at(-1) ?? 0,
  };
}
