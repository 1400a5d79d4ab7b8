import type { ScalingSignals } from './policy.ts';

/** Of instances that share the work: the mean CPU, the fullest memory, all that wait. Undefined where there is none. */
export function joinSignals(all: readonly ScalingSignals[]): ScalingSignals | undefined {
  if (all.length === 0) return undefined;
  const sum = (of: (one: ScalingSignals) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    cpuPercent: sum((one) => one.cpuPercent) / all.length,
    memoryPercent: Math.max(...all.map((one) => one.memoryPercent)),
    queue: sum((one) => one.queue),
  };
}
