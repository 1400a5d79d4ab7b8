import type { ScalingTarget } from './scaling-target.ts';

/** Counts the instances that tell how busy they are, and leaves it to a person or a platform to change their number. */
export function createAdviseOnly(instances: () => Promise<number>): ScalingTarget {
  return { current: instances, scaleTo: async () => {}, adviceOnly: true };
}
