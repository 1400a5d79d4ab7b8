import { median } from './percentiles.mjs';

/** More than V8's heap goes up and down between two collections. */
const mostGrowth = 0.3;

/**
 * What a server under load for a long time may not do; empty where it did none of it.
 *
 * @param {object} told
 * @param {{ calls: number, errors: number, foreign: number }} told.load
 * @param {readonly { y: number }[]} told.memory resident, in the order of time, without the warm-up
 * @param {number} told.connectionsLeft after its end
 * @param {number | null} told.exitCode
 * @returns {string[]}
 */
export function soakFaults({ load, memory, connectionsLeft, exitCode }) {
  const half = Math.floor(memory.length / 2);
  const [before, after] = [memory.slice(0, half), memory.slice(half)].map((part) => median(part.map(({ y }) => y)));
  const growth = after / before - 1;
  return [
    ...(load.calls > 0 ? [] : ['no call was answered']),
    ...(load.errors === 0 ? [] : [`${load.errors} of ${load.calls} calls failed`]),
    ...(load.foreign === 0 ? [] : [`${load.foreign} answers held rows of another tenant`]),
    ...(connectionsLeft === 0 ? [] : [`${connectionsLeft} connections were left`]),
    ...(exitCode === 0 ? [] : [`the server ended with ${exitCode}`]),
    // NaN where too little was measured to tell, which is a fault, too.
    ...(growth <= mostGrowth ? [] : [`resident memory grew by ${(100 * growth).toFixed(0)} % from the first half to the second`]),
  ];
}
