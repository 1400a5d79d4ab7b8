/** PostgreSQL's own parser and scanner, as WebAssembly: https://github.com/pganalyze/libpg_query. */
type Parser = typeof import('libpg-query');

let parser: Parser | undefined;
let loading: Promise<Parser> | undefined;

/** Once for the process; the functions below work from then on. */
export async function loadParser(): Promise<void> {
  loading ??= load();
  parser = await loading;
}

async function load(): Promise<Parser> {
  const imported = await import('libpg-query');
  await imported.loadModule();
  return imported;
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
