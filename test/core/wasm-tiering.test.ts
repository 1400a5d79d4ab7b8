import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import { leaveWasmToBaseline } from '../../src/core/wasm-tiering.ts';

/** (func (export "f") (param i32) (result i32)): the sum of 1 to n, in a loop. */
const sumModule = [
  [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  [1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
  [3, 2, 1, 0],
  [7, 5, 1, 1, 0x66, 0, 0],
  [10, 27, 1, 25, 1, 1, 0x7f, 0x03, 0x40, 0x20, 1, 0x20, 0, 0x6a, 0x21, 1],
  [0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 1, 0x0b],
].flat();

type Sum = (n: number) => number;
type Compiled = { instance: { exports: Record<string, Sum> } };
/** Known to Node, and not to its types. */
const instantiate: (bytes: Uint8Array) => Promise<Compiled> = runInThisContext('WebAssembly.instantiate');

/** Each name makes another module: V8 compiles the same bytes once. */
async function compileSum(name: string): Promise<Sum> {
  const bytes = Uint8Array.from(sumModule, (byte) => (byte === 0x66 ? name.charCodeAt(0) : byte));
  const sum = (await instantiate(bytes)).instance.exports[name]!;
  // It is compiled when it is called.
  expect(sum(3)).toBe(6);
  return sum;
}

async function useOften(sum: Sum): Promise<void> {
  for (let call = 0; call < 300; call += 1) {
    expect(sum(100_000)).toBe(705_082_704);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('what runs often is optimised by V8, until WebAssembly is left to the baseline compiler', async () => {
  setFlagsFromString('--allow-natives-syntax');
  const isBaseline: (sum: Sum) => boolean = runInThisContext('(sum) => %IsLiftoffFunction(sum)');
  const before = await compileSum('f');
  expect(isBaseline(before)).toBe(true);
  await useOften(before);
  await expect.poll(() => isBaseline(before)).toBe(false);

  leaveWasmToBaseline();
  const after = await compileSum('g');
  await useOften(after);
  expect(isBaseline(after)).toBe(true);
});
