import { AppError } from '../core/errors.ts';
import type { ReaderRole, SchemaDefinition } from '../core/schema-definition.ts';
import { approve } from './approval.ts';
import type { ApprovedQuery } from './approved-query.ts';
import { sameTree } from './guard-rules/compare.ts';
import { deparse } from './guard-rules/deparse.ts';
import { grammarFor } from './guard-rules/grammar.ts';
import { inspect } from './guard-rules/inspect.ts';
import { positionIn, Rejection, reject } from './guard-rules/rejection.ts';
import { resolveNames } from './guard-rules/resolve.ts';
import type { Message } from './guard-rules/tree.ts';
import { loadParser, parseSelect, reparse } from './parse-sql.ts';

export interface GuardOptions {
  readonly definition: SchemaDefinition;
  /** Major version of the PostgreSQL that will run what is approved: 16 or later. */
  readonly serverMajor: number;
}

/** Approvals remembered by text and reader, so that a repeated statement is not read again. */
const maxRemembered = 500;

/**
 * The first wall: PostgreSQL's own grammar, every node looked at, everything not known to be harmless refused. It proves a
 * text to be one SELECT over the served relations and columns that calls nothing but harmless built-in functions.
 */
export async function createGuard({ definition, serverMajor }: GuardOptions) {
  if (!(serverMajor >= 16)) {
    throw new AppError('misconfigured', `PostgreSQL ${serverMajor} is not supported`, { hint: 'Use PostgreSQL 16, 17 or 18.' });
  }
  await loadParser();
  const grammar = grammarFor(serverMajor);
  const remembered = new Map<string, ApprovedQuery>();

  function examine(sql: string, reader: ReaderRole): ApprovedQuery {
    const tree = parseSelect(sql);
    const { names, volatile } = inspect(tree, grammar, serverMajor);
    const resolved = resolveNames(tree, definition, reader);
    if (resolved.names !== names) reject('The statement cannot be followed name by name', 'Write it in a simpler way.');
    return approve({ text: textOf(tree), reader, relations: resolved.relations, volatile });
  }

  function remember(key: string, approved: ApprovedQuery): ApprovedQuery {
    remembered.delete(key);
    remembered.set(key, approved);
    const [oldest] = remembered.keys();
    if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest);
    return approved;
  }

  return {
    /** Throws `query_rejected` with the construct, its position and the way round it. */
    approve(sql: string, reader: ReaderRole): ApprovedQuery {
      const key = `${reader.suffix}\0${sql}`;
      try {
        return remember(key, remembered.get(key) ?? examine(sql, reader));
      } catch (error) {
        throw toAppError(error, sql);
      }
    },
  };
}

export type Guard = Awaited<ReturnType<typeof createGuard>>;

/** The tree as text, proven by reading it again. */
function textOf(tree: Message): string {
  let text: string | undefined;
  try {
    text = deparse(tree);
  } catch {
    text = undefined;
  }
  if (text === undefined || !sameTree(reparse(text), tree)) {
    reject(
      'The statement cannot be written again without changing its meaning',
      'Write it in a simpler way: plain expressions, fewer rare forms.',
    );
  }
  return text;
}

function toAppError(error: unknown, sql: string): unknown {
  if (!(error instanceof Rejection)) return error;
  const { message, hint, place } = error;
  const position = place === undefined ? undefined : positionIn(sql, place);
  const where = position === undefined ? '' : ` (at position ${position})`;
  return new AppError('query_rejected', `${message}${where}`, hint === undefined ? {} : { hint });
}
