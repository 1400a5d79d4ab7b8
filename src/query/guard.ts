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
import { addTenantPredicates, type PredicateForm } from './guard-rules/tenant-predicates.ts';
import type { Message } from './guard-rules/tree.ts';
import { loadParser, parseSelect, reparse } from './parse-sql.ts';

export interface GuardOptions {
  readonly definition: SchemaDefinition;
  /** Major version of the PostgreSQL that will run what is approved: 16 or later. */
  readonly serverMajor: number;
}

/** Approvals remembered by text, reader and form of scope, so that a repeated statement is not read again for each tenant. */
const maxRemembered = 500;

/** A longer list of tenants costs more in planning than it saves. */
const maxListedTenants = 100;

/** Where ids of tenants will stand in a text; any number that nobody writes. */
const placeholder = 2_147_480_011;

interface Remembered {
  readonly approved: ApprovedQuery;
  /** Its text, cut where ids of tenants belong; none where it is the same for every scope. */
  readonly pieces: readonly string[];
}

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
  const remembered = new Map<string, Remembered>();

  function examine(sql: string, reader: ReaderRole, form: PredicateForm | 'none'): Remembered {
    const tree = parseSelect(sql);
    const { names, volatile } = inspect(tree, grammar, serverMajor);
    const resolved = resolveNames(tree, definition, reader);
    if (resolved.names !== names) reject('The statement cannot be followed name by name', 'Write it in a simpler way.');
    const { relations, selects } = resolved;
    const added = form === 'none' ? 0 : addTenantPredicates(selects, { definition, reader, form, placeholder });
    const text = provenText(tree);
    const pieces = added === 0 || text === undefined ? [] : text.split(String(placeholder));
    // Where predicates cannot be written, or something else looks like their placeholder, the statement does without them
    if (added > 0 && pieces.length !== added + 1) return examine(sql, reader, 'none');
    if (text === undefined) {
      reject(
        'The statement cannot be written again without changing its meaning',
        'Write it in a simpler way: plain expressions, fewer rare forms.',
      );
    }
    return { approved: approve({ text, reader, relations, volatile }), pieces };
  }

  function remember(key: string, one: Remembered): Remembered {
    remembered.delete(key);
    remembered.set(key, one);
    const [oldest] = remembered.keys();
    if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest);
    return one;
  }

  return {
    /**
     * Throws `query_rejected` with the construct, its position and the way round it. `tenants` are the ids that the statement
     * will be run for: named in its text, for the planner's sake alone; leave them out where the scope is every tenant.
     */
    approve(sql: string, reader: ReaderRole, tenants: readonly number[] = []): ApprovedQuery {
      const form = formFor(tenants);
      const key = `${reader.suffix}\0${form}\0${sql}`;
      try {
        const { approved, pieces } = remember(key, remembered.get(key) ?? examine(sql, reader, form));
        return pieces.length === 0 ? approved : approve({ ...approved, text: pieces.join(tenants.join(', ')) });
      } catch (error) {
        throw toAppError(error, sql);
      }
    },
  };
}

export type Guard = Awaited<ReturnType<typeof createGuard>>;

/** The tree as text, proven by reading it again; undefined where it cannot be written. */
function provenText(tree: Message): string | undefined {
  try {
    const text = deparse(tree);
    return sameTree(reparse(text), tree) ? text : undefined;
  } catch {
    return undefined;
  }
}

function formFor(tenants: readonly number[]): PredicateForm | 'none' {
  if (tenants.length === 0 || tenants.length > maxListedTenants || !tenants.every(Number.isSafeInteger)) return 'none';
  return tenants.length === 1 ? 'one' : 'several';
}

function toAppError(error: unknown, sql: string): unknown {
  if (!(error instanceof Rejection)) return error;
  const { message, hint, place } = error;
  const position = place === undefined ? undefined : positionIn(sql, place);
  const where = position === undefined ? '' : ` (at position ${position})`;
  return new AppError('query_rejected', `${message}${where}`, hint === undefined ? {} : { hint });
}
