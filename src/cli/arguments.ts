import { InvalidArgumentError, Option } from 'commander';

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('a whole number is expected');
  return Number(text);
}

export function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError('ports end at 65535');
  return port;
}

export function seconds(text: string): number {
  const count = wholeNumber(text);
  if (count === 0) throw new InvalidArgumentError('a token lives for at least a second');
  return count;
}

/** A day is more than any server needs to get a new key. */
export function overlapSeconds(text: string): number {
  const count = wholeNumber(text);
  if (count > 86_400) throw new InvalidArgumentError('the overlap is a day (86400 s) at the most');
  return count;
}

/** More than a year of accounts is not kept. */
export function accountDays(text: string): number {
  const count = wholeNumber(text);
  if (count < 1 || count > 400) throw new InvalidArgumentError('1 to 400 days are kept');
  return count;
}

/** Of every verb that tells something. */
export const json = () => new Option('--json', 'machine-readable output on stdout');
