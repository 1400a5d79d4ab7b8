/** Load (0 to 1) and the connections that it is worth: straight lines in between. */
const points: readonly (readonly [load: number, connections: number])[] = [
  [0, 2],
  [0.3, 4],
  [0.7, 12],
  [1, 20],
];
const mostMore = 4;
const mostFewer = 2;
/** A change below this is not worth its connections' opening and closing. */
const leastChange = 2;

export interface PoolBounds {
  readonly min: number;
  readonly max: number;
}

/** Connections that this load is worth, before the steps: rises with the load, and never jumps. */
export function connectionsFor(load: number): number {
  const within = Math.min(1, Math.max(0, Number.isFinite(load) ? load : 0));
  for (const [index, [end, connections]] of points.entries()) {
    const [start, before] = points[index - 1] ?? [0, connections];
    if (within <= end) return end === start ? connections : before + ((within - start) / (end - start)) * (connections - before);
  }
  return 20;
}

/** The next ceiling of a process's pools: toward what the load is worth, in steps, and always within the bounds. */
export function nextPoolSize(load: number, current: number, { min, max }: PoolBounds): number {
  const clamped = (count: number) => Math.min(max, Math.max(Math.min(min, max), count));
  const wanted = clamped(Math.round(connectionsFor(load)));
  if (clamped(current) !== current) return clamped(current);
  if (Math.abs(wanted - current) < leastChange) return current;
  return clamped(Math.min(current + mostMore, Math.max(current - mostFewer, wanted)));
}
