import { LRUCache } from 'lru-cache';
import { AppError } from '../core/errors.ts';
import type { Misreading } from '../core/metrics-definition.ts';
import type { ReaderRole, SchemaDefinition } from '../core/schema-definition.ts';
import { approve } from './approval.ts';
import type { ApprovedQuery } from './approved-query.ts';
import { bindConstants, boundValues } from './guard-rules/bound-constants.ts';
import { sameTree } from './guard-rules/compare.ts';
import { deparse } from './guard-rules/deparse.ts';
import { grammarFor } from './guard-rules/grammar.ts';
import { inspect } from './guard-rules/inspect.ts';
import { type CutStatement, cutAtLiterals, type FreeConstant, freeConstants, markConstants } from './guard-rules/literals.ts';
import { loadParser } from './guard-rules/parser.ts';
import { positionIn, Rejection, reject } from './guard-rules/rejection.ts';
import { resolveNames } from './guard-rules/resolve.ts';
import { addTenantPredicates, type PredicateForm } from './guard-rules/tenant-predicates.ts';
import { fill, fits, type TextTemplate, templateOf } from './guard-rules/text-template.ts';
import type { Message } from './guard-rules/tree.ts';
import { misreadingIn } from './misreadings.ts';
import { parseSelect, reparse } from './parse-sql.ts';

export interface GuardOptions {
  readonly definition: SchemaDefinition;
  /** Major version of the PostgreSQL that will run what is approved: 16 or later. */
  readonly serverMajor: number;
  /** SQL that is likely to be taken for something that it is not: let through, with a hint. */
  readonly misreadings?: readonly Misreading[];
}

/** Approvals remembered by text without plain literals, reader and form of scope: what comes again is not read again. */
const maxRemembered = 500;

/** Characters of all of them: statements are up to 16 KiB long, and callers choose how many they send. */
const maxRememberedLength = 8 * 1024 * 1024;

/** Texts that differ in literals of which the verdict may depend, such as a LIMIT. */
const maxAlike = 8;

/** A longer list of tenants costs more in planning than it saves. */
const maxListedTenants = 100;

/** Where ids of tenants will stand in a text; any number that nobody writes. */
const placeholder = 2_147_480_011;

/**
 * The first wall: PostgreSQL's own grammar, every node looked at, everything not known to be harmless refused. It proves a
 * text to be one SELECT over the served relations and columns that calls nothing but harmless built-in functions.
 */
export async function createGuard({ definition, serverMajor, misreadings = [] }: GuardOptions) {
  if (!(serverMajor >= 16)) {
    throw new AppError('misconfigured', `PostgreSQL ${serverMajor} is not supported`, { hint: 'Use PostgreSQL 16, 17 or 18.' });
  }
  await loadParser();
  const grammar = grammarFor(serverMajor);
  const remembered = new LRUCache<string, readonly ApprovedTemplate[]>({
    max: maxRemembered,
    maxSize: maxRememberedLength,
    // A text and its bound form are about as long.
    sizeCalculation: (alike, key) => alike.reduce((sum, { approved }) => sum + 2 * approved.text.length, key.length),
  });

  function examine(
    sql: string,
    reader: ReaderRole,
    form: PredicateForm | 'none',
    cut: CutStatement | undefined,
    marked = true,
  ): ApprovedTemplate {
    const tree = parseSelect(sql);
    const { names, volatile } = inspect(tree, grammar, serverMajor);
    const resolved = resolveNames(tree, definition, reader);
    if (resolved.names !== names) reject('The statement cannot be followed name by name', 'Write it in a simpler way.');
    const { relations, selects, columnsOf } = resolved;
    const hint = misreadingIn(selects, misreadings, definition, columnsOf);
    const added = form === 'none' ? 0 : addTenantPredicates(selects, { definition, reader, form, placeholder });
    const free = cut === undefined || !marked ? [] : freeConstants(tree, cut);
    const marks = markConstants(free);
    const text = provenText(tree);
    const template = text === undefined ? undefined : templateOf(text, { cut, free, marks, added, placeholder });
    // Where predicates or marks cannot be written, or something else looks like them, the statement does without
    if (template === undefined && marks.length > 0) return examine(sql, reader, form, cut, false);
    if (template === undefined && added > 0) return examine(sql, reader, 'none', cut, false);
    if (template === undefined) {
      reject(
        'The statement cannot be written again without changing its meaning',
        'Write it in a simpler way: plain expressions, fewer rare forms.',
      );
    }
    const bound = cut === undefined ? undefined : boundTemplate(tree, free, added);
    return {
      ...template,
      ...(bound && { bound }),
      approved: approve({ text: template.pieces.join(''), reader, relations, volatile, hint }),
    };
  }

  return {
    /**
     * Throws `query_rejected` with the construct, its position and the way round it. `tenants` are the ids that the statement
     * will be run for: named in its text, for the planner's sake alone; leave them out where the scope is every tenant.
     */
    approve(sql: string, reader: ReaderRole, tenants: readonly number[] = []): ApprovedQuery {
      const form = formFor(tenants);
      const cut = cutAtLiterals(sql);
      const key = `${reader.suffix}\0${form}\0${cut?.frame ?? sql}`;
      try {
        const known = remembered.get(key) ?? [];
        const template = known.find((one) => fits(one, cut)) ?? examine(sql, reader, form, cut);
        if (!known.includes(template)) remembered.set(key, [template, ...known].slice(0, maxAlike));
        return template.holes.length === 0 ? template.approved : filled(template, cut, tenants);
      } catch (error) {
        throw toAppError(error, sql);
      }
    },
  };
}

interface ApprovedTemplate extends TextTemplate {
  /** As it is where nothing is filled in. */
  readonly approved: ApprovedQuery;
  /** The same with parameters for the literals. */
  readonly bound?: BoundTemplate;
}

interface BoundTemplate extends TextTemplate {
  /** Numbers of the literals that the parameters stand for. */
  readonly literals: readonly number[];
}

/** Undefined where the literals cannot be bound, or the statement cannot be written so. It uses the tree up. */
function boundTemplate(tree: Message, free: readonly FreeConstant[], added: number): BoundTemplate | undefined {
  const text = bindConstants(free) ? provenText(tree) : undefined;
  const template = text === undefined ? undefined : templateOf(text, { cut: undefined, free: [], marks: [], added, placeholder });
  return template && { ...template, literals: free.map(({ literal }) => literal) };
}

function filled(template: ApprovedTemplate, cut: CutStatement | undefined, tenants: readonly number[]): ApprovedQuery {
  const { approved, bound } = template;
  const text = fill(template, cut, tenants);
  if (bound === undefined || cut === undefined) return approve({ ...approved, text });
  return approve({ ...approved, text, bound: { text: fill(bound, cut, tenants), values: boundValues(bound.literals, cut) } });
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
