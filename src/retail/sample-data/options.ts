import { AppError } from '../../core/errors.ts';
import { FIRST_DAY, isDate, LAST_DAY } from './calendar.ts';

/** Same scale, seed and end date: the same rows, byte for byte. */
export interface SampleDataOptions {
  /** Number of customers. */
  readonly scale: number;
  readonly seed: number;
  /** Last day that may have orders, as YYYY-MM-DD. */
  readonly endDate: string;
}

export const defaultSampleDataOptions: SampleDataOptions = { scale: 2_000, seed: 20_250_721, endDate: '2025-12-31' };
export const FULL_SCALE = 50_000;
/** About 4 million orders: twenty times the full data set. */
export const MAX_SCALE = 1_000_000;
const EARLIEST_END = '2020-01-31';

export function parseSampleDataOptions(given: Partial<SampleDataOptions>): SampleDataOptions {
  const options = { ...defaultSampleDataOptions, ...given };
  requireInteger('scale', options.scale, 1, MAX_SCALE);
  requireInteger('seed', options.seed, 0, Number.MAX_SAFE_INTEGER);
  if (!isDate(options.endDate) || options.endDate < EARLIEST_END || options.endDate > LAST_DAY) {
    throw new AppError('invalid_input', `end date '${options.endDate}' is not a date in ${EARLIEST_END}..${LAST_DAY}`, {
      hint: `Write it as YYYY-MM-DD; the data starts on ${FIRST_DAY} and needs at least one month.`,
    });
  }
  return options;
}

export function requireInteger(name: string, value: number, low: number, high: number): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  throw new AppError('invalid_input', `${name} ${value} is not a whole number in ${low}..${high}`);
}
