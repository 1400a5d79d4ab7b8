import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { serialize } from 'pg-protocol';

/** What one exchange needs so that its statements can be bound by name. */
export interface Preparation {
  /** Name to bind to; empty for the unnamed statement, which `parse` then fills. */
  nameOf(text: string): { readonly name: string; readonly parse: Buffer | undefined };
  /** Messages that must go first: they give up names that nobody has used for long. */
  readonly closes: readonly Buffer[];
  /** The exchange went through to its end. */
  confirm(): void;
  /** It did not. Returns the messages that give up what it may have prepared. */
  abandon(): readonly Buffer[];
}

export interface PreparedStatements {
  /** `always` are prepared when first met, others when they come a second time. */
  prepare(always: readonly string[], statement: string): Preparation;
}

/**
 * The statements that one connection has prepared, so that a repeated one is parsed and planned once. Bounded: the least
 * recently used is given up. https://www.postgresql.org/docs/17/sql-prepare.html
 */
export function createPreparedStatements(maxStatements = 100): PreparedStatements {
  const closing: Buffer[] = [];
  const close = (name: string) => serialize.close({ type: 'S', name });
  const prepared = new LRUCache<string, string>({
    max: maxStatements,
    dispose: (name, _text, reason) => void (reason === 'evict' && closing.push(close(name))),
  });
  const seen = new LRUCache<string, true>({ max: 2 * maxStatements });
  // Not to be guessed: a statement that were somehow run here could otherwise put another in its place.
  const prefix = `z${randomBytes(9).toString('hex')}`;
  let count = 0;

  return {
    prepare(always, statement) {
      const closes = closing.splice(0);
      const repeated = seen.has(statement);
      if (!repeated) seen.set(statement, true);
      const added = new Map<string, string>();
      return {
        closes,
        nameOf(text) {
          const known = prepared.get(text) ?? added.get(text);
          if (known !== undefined) return { name: known, parse: undefined };
          if (!always.includes(text) && !repeated) return { name: '', parse: serialize.parse({ text }) };
          count += 1;
          const name = `${prefix}_${count}`;
          added.set(text, name);
          return { name, parse: serialize.parse({ name, text }) };
        },
        confirm() {
          for (const [text, name] of added) prepared.set(text, name);
        },
        abandon: () => [...added.values()].map(close),
      };
    },
  };
}

/** For connections that another client may be given between two calls: nothing is prepared by name. */
export const unprepared: PreparedStatements = {
  prepare: () => ({
    closes: [],
    nameOf: (text) => ({ name: '', parse: serialize.parse({ text }) }),
    confirm: () => {},
    abandon: () => [],
  }),
};
