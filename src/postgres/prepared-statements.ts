import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { serialize } from 'pg-protocol';
import type { ResultColumn, TenantStatement } from './database.ts';

/** What one exchange needs so that its statements can be bound by name. */
export interface Preparation {
  /** Bind, after Parse where the connection does not have the statement under a name. */
  bind(text: string, values?: readonly (string | null)[]): readonly Buffer[];
  /** Columns of a statement that was described when it was prepared. */
  columnsOf(text: string): readonly ResultColumn[] | undefined;
  /** Messages that must go first: they give up names that nobody has used for long. */
  readonly closes: readonly Buffer[];
  /** The exchange went through to its end, and its statement gave these columns. */
  confirm(columns: readonly ResultColumn[]): void;
  /** It did not. Returns the messages that give up what it may have prepared. */
  abandon(): readonly Buffer[];
}

export interface PreparedStatements {
  /** `always` are prepared when first met, others when they come a second time, unless they are volatile or very long. */
  prepare(always: readonly string[], statement: Pick<TenantStatement, 'text' | 'volatile'>): Preparation;
}

interface Prepared {
  readonly name: string;
  /** Without values, as most bind messages are. */
  readonly plainBind: Buffer;
  columns?: readonly ResultColumn[];
}

/** A plan takes a backend's memory, a hundred times the length of its text and more. */
const maxNamedLength = 4096;

/**
 * The statements that one connection has prepared, so that a repeated one is parsed and planned once, and describes its columns
 * once: PostgreSQL refuses a plan whose columns have changed (0A000). Bounded: the least recently used is given up.
 * https://www.postgresql.org/docs/17/sql-prepare.html
 */
export function createPreparedStatements(maxStatements = 100): PreparedStatements {
  const closing: Buffer[] = [];
  const close = ({ name }: Prepared) => serialize.close({ type: 'S', name });
  const prepared = new LRUCache<string, Prepared>({
    max: maxStatements,
    dispose: (one, _text, reason) => void (reason === 'evict' && closing.push(close(one))),
  });
  const seen = new LRUCache<string, true>({ max: 2 * maxStatements });
  // Not to be guessed: a statement that were somehow run here could otherwise put another in its place.
  const prefix = `z${randomBytes(9).toString('hex')}`;
  let count = 0;
  const named = (): Prepared => {
    count += 1;
    const name = `${prefix}_${count}`;
    return { name, plainBind: serialize.bind({ statement: name, values: [] }) };
  };

  return {
    prepare(always, { text: statement, volatile = false }) {
      const closes = closing.splice(0);
      const mayBeNamed = !volatile && statement.length <= maxNamedLength;
      const repeated = mayBeNamed && seen.has(statement);
      if (mayBeNamed && !repeated) seen.set(statement, true);
      const added = new Map<string, Prepared>();
      const lookUp = (text: string) => prepared.get(text) ?? added.get(text);
      return {
        closes,
        bind(text, values) {
          const known = lookUp(text);
          if (known !== undefined) return [bindTo(known, values)];
          if (!always.includes(text) && !repeated) return bindUnnamed(text, values);
          const one = named();
          added.set(text, one);
          return [serialize.parse({ name: one.name, text }), bindTo(one, values)];
        },
        columnsOf: (text) => lookUp(text)?.columns,
        confirm(columns) {
          for (const [text, one] of added) prepared.set(text, one);
          const one = prepared.get(statement);
          if (one !== undefined) one.columns = columns;
        },
        abandon: () => [...added.values()].map(close),
      };
    },
  };
}

function bindTo({ name, plainBind }: Prepared, values: readonly (string | null)[] | undefined): Buffer {
  return values === undefined ? plainBind : serialize.bind({ statement: name, values: [...values] });
}

const bindUnnamed = (text: string, values: readonly (string | null)[] = []) => [
  serialize.parse({ text }),
  serialize.bind({ values: [...values] }),
];

/** For connections that another client may be given between two calls: nothing is prepared by name. */
export const unprepared: PreparedStatements = {
  prepare: () => ({
    closes: [],
    bind: bindUnnamed,
    columnsOf: () => undefined,
    confirm: () => {},
    abandon: () => [],
  }),
};
