/** Round steps from zero, or from the least where figures are negative, up to the greatest. */
export function ticksFor(values: readonly number[], wanted = 4): number[] {
  const greatest = Math.max(0, ...values);
  const least = Math.min(0, ...values);
  const span = greatest - least;
  if (span === 0) return [0, 1];
  const rough = span / wanted;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude;
  const first = Math.floor(least / step);
  const last = Math.ceil(greatest / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** Which of `count` labels fit on `room`, the first one always among them. */
export function everyNth(count: number, room: number, labelRoom: number): number {
  return Math.max(1, Math.ceil((count * labelRoom) / room));
}
