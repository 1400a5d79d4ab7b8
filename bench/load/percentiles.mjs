/** @param {readonly number[]} values @returns {number} NaN for no values */
export function median(values) {
  return percentile(Float64Array.from(values).sort(), 50);
}

/**
 * Nearest rank: the smallest value that at least this share of all values does not exceed.
 *
 * @param {ArrayLike<number>} sorted ascending
 * @param {number} percent above 0, at most 100
 */
export function percentile(sorted, percent) {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

/** Latencies of one run, growing without a copy for each value. */
export function createLatencies() {
  let values = new Float64Array(4096);
  let count = 0;
  return {
    /** @param {number} ms */
    add(ms) {
      if (count === values.length) {
        const larger = new Float64Array(values.length * 2);
        larger.set(values);
        values = larger;
      }
      values[count++] = ms;
    },
    summary() {
      const sorted = values.slice(0, count).sort();
      const at = (percent) => (count === 0 ? null : percentile(sorted, percent));
      return { count, p50: at(50), p95: at(95), p99: at(99) };
    },
  };
}
