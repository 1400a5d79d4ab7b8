/** What the instances say together. */
export interface ScalingSignals {
  /** Mean of the instances, percent of the CPUs that each may use. */
  readonly cpuPercent: number;
  /** The fullest instance, percent of its limit. */
  readonly memoryPercent: number;
  /** Calls that wait for a database connection, all instances together. */
  readonly queue: number;
}

export interface ScalingPolicy {
  readonly min: number;
  readonly max: number;
  /** Any one of these is a reason for more. */
  readonly up: ScalingSignals;
  /** All of these together are a reason for fewer. */
  readonly down: ScalingSignals;
  readonly cooldownUpMs: number;
  readonly cooldownDownMs: number;
  /** `step`: one more. `proportional`: as many more as the signal is above its limit, twice as many at the most. */
  readonly upBy: 'step' | 'proportional';
}

export const defaultPolicy: ScalingPolicy = {
  min: 2,
  max: 20,
  up: { cpuPercent: 80, memoryPercent: 85, queue: 100 },
  down: { cpuPercent: 20, memoryPercent: 60, queue: 10 },
  cooldownUpMs: 60_000,
  cooldownDownMs: 300_000,
  upBy: 'step',
};

export interface ScalingDecision {
  readonly direction: 'up' | 'down' | 'stay';
  readonly current: number;
  readonly desired: number;
  /** In words, the deciding ones first. */
  readonly reasons: readonly string[];
}

export interface ScalingSituation {
  /** Undefined = nobody has told: what is not known is not low. */
  readonly signals: ScalingSignals | undefined;
  readonly current: number;
  /** Since the number was changed last, in either direction; infinite where it never was. */
  readonly sinceChangeMs: number;
}

/** How many instances there should be. More whenever one signal is high; fewer only when all are low. */
export function decideScale({ signals, current, sinceChangeMs }: ScalingSituation, policy: ScalingPolicy): ScalingDecision {
  const decide = (desired: number, reasons: readonly string[]): ScalingDecision => {
    const direction = desired > current ? 'up' : desired < current ? 'down' : 'stay';
    return { direction, current, desired, reasons };
  };
  const { min, max, cooldownUpMs, cooldownDownMs } = policy;
  if (current < min) return decide(min, [`${current} are fewer than the least, ${min}`]);
  if (current > max) return decide(max, [`${current} are more than the most, ${max}`]);
  if (signals === undefined || !Object.values(signals).every(Number.isFinite))
    return decide(current, ['there are no measurements']);

  const high = highOnes(signals, policy);
  if (high.length > 0) {
    const reasons = high.map(({ reason }) => reason);
    if (current >= max) return decide(current, [...reasons, `${max} are the most`]);
    if (sinceChangeMs < cooldownUpMs) return decide(current, [...reasons, cooling(sinceChangeMs, cooldownUpMs)]);
    return decide(Math.min(max, current + moreOf(high, current, policy)), reasons);
  }
  const { cpuPercent, memoryPercent, queue } = policy.down;
  const low = signals.cpuPercent < cpuPercent && signals.memoryPercent < memoryPercent && signals.queue < queue;
  if (!low) return decide(current, ['no signal is high, and not all are low']);
  const reason = `CPU ${percent(signals.cpuPercent)}, memory ${percent(signals.memoryPercent)} and ${signals.queue} waiting are all low`;
  if (current <= min) return decide(current, [reason, `${min} are the least`]);
  if (sinceChangeMs < cooldownDownMs) return decide(current, [reason, cooling(sinceChangeMs, cooldownDownMs)]);
  return decide(current - 1, [reason]);
}

interface High {
  readonly reason: string;
  /** How many times the limit, above 1. */
  readonly times: number;
}

function highOnes(signals: ScalingSignals, { up }: ScalingPolicy): High[] {
  const tell = (name: string, value: number, limit: number, shown: (value: number) => string): High[] =>
    value > limit ? [{ reason: `${name} ${shown(value)} is above ${shown(limit)}`, times: value / limit }] : [];
  return [
    ...tell('CPU', signals.cpuPercent, up.cpuPercent, percent),
    ...tell('memory', signals.memoryPercent, up.memoryPercent, percent),
    ...tell('the queue of', signals.queue, up.queue, String),
  ];
}

function moreOf(high: readonly High[], current: number, { upBy }: ScalingPolicy): number {
  if (upBy === 'step') return 1;
  const times = Math.min(2, Math.max(...high.map((one) => one.times)));
  return Math.max(1, Math.ceil(current * times) - current);
}

const percent = (value: number) => `${Math.round(value)} %`;
const cooling = (sinceMs: number, cooldownMs: number) =>
  `the last change was ${Math.round(sinceMs / 1000)} s ago, within the cooldown of ${cooldownMs / 1000} s`;
