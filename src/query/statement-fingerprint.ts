import { LRUCache } from 'lru-cache';
import { cutAtLiterals } from './guard-rules/literals.ts';
import { fingerprintSync, loadParser } from './guard-rules/parser.ts';
import { checkReadable } from './parse-sql.ts';

/** For a text that is no SQL, which has no form to take a fingerprint of. */
const noStatement = 'unparsed';

/**
 * What a statement is apart from its literals, names of aliases, blanks and comments: 16 hexadecimal digits, the same in every
 * process and release (https://github.com/pganalyze/libpg_query/wiki/Fingerprinting).
 */
export async function createStatementFingerprint(remembered = 1000): Promise<(sql: string) => string> {
  await loadParser();
  const known = new LRUCache<string, string>({
    max: remembered,
    maxSize: 4 * 1024 * 1024,
    sizeCalculation: (_, form) => form.length + 1,
  });
  return (sql) => {
    // Literals are no part of a fingerprint.
    const form = cutAtLiterals(sql)?.frame ?? sql;
    const seen = known.get(form);
    if (seen !== undefined) return seen;
    const fingerprint = fingerprintOf(sql);
    known.set(form, fingerprint);
    return fingerprint;
  };
}

function fingerprintOf(sql: string): string {
  try {
    checkReadable(sql);
    return fingerprintSync(sql);
  } catch {
    return noStatement;
  }
}
