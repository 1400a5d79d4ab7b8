import { setFlagsFromString } from 'node:v8';

/**
 * From now on V8 leaves WebAssembly to its baseline compiler, Liftoff, in all of this process: https://v8.dev/docs/wasm-compilation-pipeline.
 * Optimising the huge functions of PostgreSQL's grammar, and of an embedded PostgreSQL, takes seconds of CPU while the first callers wait,
 * and hundreds of megabytes; figures in `docs/performance.md`.
 *
 * All three, since which of them is asked, and when, differs between Node 20, 22 and 24. They cannot be taken back for a part: Node 24
 * asks anew whenever a function has run often.
 */
export function leaveWasmToBaseline(): void {
  setFlagsFromString('--liftoff-only');
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}
