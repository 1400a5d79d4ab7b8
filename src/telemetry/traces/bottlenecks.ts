/** Of the whole server, lately. */
export interface LatelyMeasured {
  /** Of a tool's calls; undefined where there were none. */
  readonly meanSeconds: number | undefined;
  readonly requests: number;
  readonly errors: number;
  /** Since the process had settled. */
  readonly memoryGrowthBytes: number;
}

const slowSeconds = 2;
const manyErrors = 0.05;
const muchGrowth = 100 * 1024 * 1024;

/** Where to look first. */
export function bottlenecks({ meanSeconds = 0, requests, errors, memoryGrowthBytes }: LatelyMeasured): string[] {
  const hints: string[] = [];
  if (meanSeconds > slowSeconds) hints.push(`calls take ${meanSeconds.toFixed(1)} s on average: see the slow queries of the log`);
  if (requests > 0 && errors / requests > manyErrors)
    hints.push(`${Math.round((100 * errors) / requests)} % of the requests end in errors: see errors_total by code`);
  if (memoryGrowthBytes > muchGrowth)
    hints.push(`the process has grown by ${Math.round(memoryGrowthBytes / 1024 / 1024)} MiB: see system_memory_usage_bytes`);
  return hints;
}
