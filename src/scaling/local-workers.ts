import type { ScalingTarget } from './scaling-target.ts';

/** Why a worker is asked to stop whose place is given up: the others go on, so it can take its time. */
export const fewerWorkers = 'the autoscaler: fewer workers are needed';

/** The processes of this machine that share a port. */
export interface WorkerCount {
  get(): number;
  /** More are started; of fewer, the last ones are asked to end, each after its answers. */
  set(count: number): void;
}

export function createLocalWorkers(workers: WorkerCount): ScalingTarget {
  return {
    current: async () => workers.get(),
    scaleTo: async (count) => workers.set(count),
  };
}
