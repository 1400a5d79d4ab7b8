import { setFlagsFromString } from 'node:v8';

/** PostgreSQL's own parser and scanner, as WebAssembly: https://github.com/pganalyze/libpg_query. */
type Parser = typeof import('libpg-query');

let parser: Parser | undefined;
let loading: Promise<Parser> | undefined;

/** Once for the process; the functions below work from then on. */
export async function loadParser(): Promise<void> {
  loading ??= loadUnoptimised();
  parser = await loading;
}

/**
 * V8's baseline compiler alone works on it. The optimising one spends 85 MiB and a second of CPU on the huge functions of the grammar, and
 * the process keeps the memory; for that a statement would be read in two thirds of the time, once, since verdicts are remembered. What
 * is compiled later, such as an embedded PostgreSQL, is optimised as ever: so load this first.
 */
async function loadUnoptimised(): Promise<Parser> {
  setFlagsFromString('--liftoff-only');
  setFlagsFromString('--no-wasm-dynamic-tiering');
  try {
    // Compiled as soon as it is imported.
    const imported = await import('libpg-query');
    await imported.loadModule();
    return imported;
  } finally {
    setFlagsFromString('--wasm-dynamic-tiering');
    setFlagsFromString('--no-liftoff-only');
  }
}

function loaded(): Parser {
  if (parser === undefined) throw new Error('the parser is not loaded: loadParser comes first');
  return parser;
}

export const parseSync: Parser['parseSync'] = (sql) => loaded().parseSync(sql);
export const scanSync: Parser['scanSync'] = (sql) => loaded().scanSync(sql);
export const normalizeSync: Parser['normalizeSync'] = (sql) => loaded().normalizeSync(sql);
export const fingerprintSync: Parser['fingerprintSync'] = (sql) => loaded().fingerprintSync(sql);
export const hasSqlDetails: Parser['hasSqlDetails'] = (error) => loaded().hasSqlDetails(error);
