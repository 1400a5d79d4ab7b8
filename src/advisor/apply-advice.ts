import { setTimeout as pause } from 'node:timers/promises';
import type { OwnerSession } from '../postgres/database.ts';
import { isPostgresError } from '../postgres/sqlstate.ts';
import type { IndexReport } from './advise-indexes.ts';
import { type IndexName, proveUse } from './prove-use.ts';

export type Step =
  | { readonly kind: 'build'; readonly index: IndexName; readonly create: string }
  | { readonly kind: 'drop'; readonly index: IndexName }
  | { readonly kind: 'analyse'; readonly statement: string };

export interface Applied {
  readonly what: string;
  readonly outcome: 'done' | 'failed';
  /** How EXPLAIN uses the new index, or why there is none. */
  readonly detail: string;
}

/** What --apply does: nothing is dropped but what cannot be used, and nothing is built that was only estimated. */
export function stepsOf({
  recommendations,
  advice,
  standing,
  statistics,
}: Pick<IndexReport, 'recommendations' | 'advice' | 'standing' | 'statistics'>): Step[] {
  const broken = standing.filter(({ kind }) => kind === 'INVALID');
  const mended = broken.map(({ index, definition }): Step => {
    const name = parseName(index);
    const create = definition?.replace(/^CREATE (UNIQUE )?INDEX /, 'CREATE $1INDEX CONCURRENTLY ');
    return create === undefined ? { kind: 'drop', index: name } : { kind: 'build', index: name, create };
  });
  const creates = [
    ...recommendations.flatMap(({ status, create }) => (status === 'missing' && create !== undefined ? [create] : [])),
    ...advice.filter(({ measured }) => measured).map(({ create }) => create),
  ];
  const builds = creates.map((create): Step => {
    const [, name = '', schema = ''] =
      new RegExp(`^CREATE INDEX CONCURRENTLY (${identifier}) ON (${identifier})\\.`).exec(create) ?? [];
    return { kind: 'build', index: { schema: unquote(schema), name: unquote(name) }, create };
  });
  return [...mended, ...builds, ...statistics.map(({ remedy }): Step => ({ kind: 'analyse', statement: remedy }))];
}

const identifier = '"(?:[^"]|"")+"|[^\\s".]+';
const unquote = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

function parseName(qualified: string): IndexName {
  const [, schema = '', name = ''] = new RegExp(`^(${identifier})\\.(${identifier})$`).exec(qualified) ?? [];
  return { schema: unquote(schema), name: unquote(name) };
}

export interface ApplyOptions {
  /** The owner of the tables, outside a transaction. */
  readonly session: OwnerSession;
  readonly steps: readonly Step[];
  readonly onStep?: (what: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds between attempts where a lock was not to be had. */
  readonly pauseMs?: number;
}

const attempts = 3;

/**
 * One after the other, without holding up writers. An index that was not built to its end, also after the signal, is dropped
 * again; one that cannot be dropped is named.
 */
export async function applyAdvice(options: ApplyOptions): Promise<Applied[]> {
  const { session, steps, signal, onStep } = options;
  await session.script("SET lock_timeout = '5s'; SET statement_timeout = 0");
  const applied: Applied[] = [];
  for (const step of steps) {
    signal?.throwIfAborted();
    onStep?.(wordsOf(step));
    applied.push({ what: wordsOf(step), ...(await run(step, options)) });
  }
  return applied;
}

const wordsOf = (step: Step) =>
  step.kind === 'analyse'
    ? step.statement
    : step.kind === 'drop'
      ? `DROP INDEX CONCURRENTLY ${sqlName(step.index)}`
      : step.create;

const sqlName = ({ schema, name }: IndexName) => `"${schema.replaceAll('"', '""')}"."${name.replaceAll('"', '""')}"`;

async function run(step: Step, options: ApplyOptions): Promise<Omit<Applied, 'what'>> {
  const { session, signal } = options;
  if (step.kind === 'build') return build(step, options);
  try {
    await interruptible(
      session,
      step.kind === 'drop' ? `DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(step.index)}` : step.statement,
      signal,
    );
    return {
      outcome: 'done',
      detail: step.kind === 'drop' ? 'what a broken-off REINDEX had left' : 'the planner knows the table again',
    };
  } catch (error) {
    signal?.throwIfAborted();
    return { outcome: 'failed', detail: messageOf(error) };
  }
}

async function build({ index, create }: Extract<Step, { kind: 'build' }>, options: ApplyOptions): Promise<Omit<Applied, 'what'>> {
  const { session, signal, pauseMs = 2000 } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dropInvalid(session, index);
      await interruptible(session, create, signal);
      return { outcome: 'done', detail: await proveUse(session, index) };
    } catch (error) {
      const rest = await dropInvalid(session, index).then(
        () => '',
        () => `; ${sqlName(index)} is left INVALID: run this command again`,
      );
      if (signal?.aborted) throw rest === '' ? signal.reason : Object.assign(signal.reason as Error, { hint: rest.slice(2) });
      // 55P03: somebody holds a lock that writers would queue up behind, if we waited on.
      const busy = isPostgresError(error) && error.code === '55P03';
      if (!busy || attempt === attempts) return { outcome: 'failed', detail: `${messageOf(error)}${rest}` };
      await pause(pauseMs * attempt, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** Whatever has the index's name and is not usable. One that is being built holds a lock, on which this gives up. */
async function dropInvalid(session: OwnerSession, index: IndexName): Promise<void> {
  const [found] = await session.query(
    `SELECT 1 AS found FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND NOT i.indisvalid`,
    [index.schema, index.name],
  );
  if (found !== undefined) await session.script(`DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}`);
}

/** The database stops when the person does; what it then answers comes as an error. */
async function interruptible(session: OwnerSession, statement: string, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const cancel = () => void session.cancel?.().catch(() => {});
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    await session.script(statement);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** PostgreSQL's messages name objects; rows stand in the details, which stay where they are. */
function messageOf(error: unknown): string {
  if (!isPostgresError(error)) throw error;
  return error.message;
}
