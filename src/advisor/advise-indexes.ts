import type { RecommendedIndex } from '../core/recommended-index.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { type Candidate, candidateBody, candidateName } from './candidate.ts';
import { candidatesFor, isSmall } from './candidates.ts';
import { type Catalogue, nameOf, quoted, type Table } from './catalogue.ts';
import { type ChosenIndex, chooseIndexes } from './choose-indexes.ts';
import { createPlanner, type Planner } from './planner.ts';
import { readCatalogue } from './read-catalogue.ts';
import { type Samples, sampleKey } from './read-samples.ts';
import { readWorkload, type Statement, type Workload } from './read-workload.ts';
import { judgeRecommendation, judgeVectors, type Recommendation, type RecommendedVectorIndex } from './recommended.ts';
import { shownText } from './shown-text.ts';
import { inspectIndexes, type StandingFinding } from './standing-indexes.ts';
import { judgeStatistics, type StatisticsFinding, unindexedForeignKeys } from './table-findings.ts';
import { prepareWorkpieces, type Workpiece } from './workpieces.ts';

export interface IndexAdvice {
  readonly table: string;
  readonly create: string;
  /** In words, most important first. */
  readonly why: readonly string[];
  /** True: tried with hypopg and EXPLAIN. False: estimated, not measured here. */
  readonly measured: boolean;
  readonly helps: readonly HelpedStatement[];
  /** Milliseconds for all counted calls: spared, and added to those that write. */
  readonly saved_ms: number;
  readonly write_ms: number;
  readonly writes_per_second: number;
  /** Estimated size; absent where it could not be tried. */
  readonly bytes?: number;
}

export interface HelpedStatement {
  readonly id: string;
  /** Without literals. */
  readonly text: string;
  readonly calls: number;
  readonly mean_ms: number;
  readonly cost_before: number;
  readonly cost_after: number;
}

export interface IndexReport {
  readonly recommendations: readonly Recommendation[];
  readonly advice: readonly IndexAdvice[];
  readonly standing: readonly StandingFinding[];
  readonly statistics: readonly StatisticsFinding[];
  /** Looked at, and not advised. */
  readonly not_advised: readonly { readonly index: string; readonly reason: string }[];
  readonly notes: readonly string[];
}

export interface AdviseIndexesOptions {
  /** May read the tables. */
  readonly session: OwnerSession;
  /** May read other logins' statements; absent = the same. */
  readonly statistics?: Pick<OwnerSession, 'query'>;
  /** Schemas that unqualified names are searched in, and that advice is given for first. */
  readonly schemas: readonly string[];
  readonly recommended: readonly RecommendedIndex[];
  readonly vectors?: RecommendedVectorIndex;
  readonly signal?: AbortSignal | undefined;
}

/** Compares what is asked of the database, and what its schema is known to need, with the indexes there are. Reads only. */
export async function adviseIndexes(options: AdviseIndexesOptions): Promise<IndexReport> {
  const { session, schemas, signal } = options;
  const catalogue = await readCatalogue(session);
  const workload = await readWorkload(options.statistics ?? session);
  const recommendations = [
    ...options.recommended.map((wanted) => judgeRecommendation(wanted, catalogue.tables)),
    ...(options.vectors === undefined ? [] : [judgeVectors(options.vectors, catalogue.tables)]),
  ];
  const kept = new Set(recommendations.map(({ detail }) => detail));
  const planner = await createPlanner(session, schemas);
  try {
    const { pieces, samples, refused } = await prepareWorkpieces({ session, workload, catalogue, planner, schemas, signal });
    const found = { advice: [] as IndexAdvice[], refused: [] as IndexReport['not_advised'][number][] };
    for (const table of catalogue.tables.filter((one) => !isSmall(one))) {
      const own = await adviseTable({ table, catalogue, workload, pieces, samples, planner, signal });
      found.advice.push(...own.advice);
      found.refused.push(...own.refused);
    }
    return {
      recommendations,
      advice: found.advice.sort((a, b) => b.saved_ms - a.saved_ms),
      standing: catalogue.tables
        .flatMap((table) => inspectIndexes(table, catalogue.countedForSeconds))
        // One that is recommended is needed before anybody has asked.
        .filter(({ kind, index }) => kind !== 'unused' || !kept.has(index)),
      statistics: catalogue.tables.map(judgeStatistics).filter((finding) => finding !== undefined),
      not_advised: found.refused,
      notes: [...workload.notes, ...notesOn(planner, catalogue, pieces, refused)],
    };
  } finally {
    await planner.close();
  }
}

function notesOn(planner: Planner, { trigramSchema }: Catalogue, pieces: readonly Workpiece[], refused: number): string[] {
  const notes: string[] = [];
  if (!planner.tries) notes.push('hypopg is not set up here: costs with a new index are estimated, not measured');
  if (refused > 0)
    notes.push(
      `${refused} statements are not explained: they call functions of the database’s own, read views, or read tables that this login may not (POSTGRES_OWNER_URL owns the served ones)`,
    );
  const patterns = pieces.some(({ uses }) => uses.some(({ conditions }) => conditions.some(({ kind }) => kind === 'pattern')));
  if (patterns && trigramSchema === undefined)
    notes.push('patterns within texts are asked for, and pg_trgm, which an index for them needs, is not set up');
  return notes;
}

interface TableWork {
  readonly table: Table;
  readonly catalogue: Catalogue;
  readonly workload: Workload;
  readonly pieces: readonly Workpiece[];
  readonly samples: Samples;
  readonly planner: Planner;
  readonly signal?: AbortSignal | undefined;
}

async function adviseTable(work: TableWork): Promise<{ advice: IndexAdvice[]; refused: IndexReport['not_advised'][number][] }> {
  const { table, catalogue, pieces, samples, planner, signal } = work;
  const reading = pieces.filter(({ uses }) => uses.some((use) => use.table === table));
  const foreign = unindexedForeignKeys(table);
  const candidates = new Map<string, Candidate>();
  for (const { uses } of reading)
    for (const use of uses.filter((one) => one.table === table))
      for (const candidate of candidatesFor(use, catalogue, samples)) candidates.set(candidateBody(candidate), candidate);
  const writes = writesTo(table, work.workload.statements);
  const sampleOf = (column: string) => samples.get(sampleKey(table, column));
  const { chosen, refused } = await chooseIndexes({
    table,
    candidates: [...candidates.values()],
    pieces: reading,
    writes,
    planner,
    sampleOf,
    signal,
  });
  const taken = new Set(
    catalogue.tables.filter(({ schema }) => schema === table.schema).flatMap(({ indexes }) => indexes.map(({ name }) => name)),
  );
  const rate = (table.writes.inserted + table.writes.updated) / catalogue.countedForSeconds;
  const advice = chosen.map((one) => toAdvice(one, taken, rate, samples));
  for (const { key, candidate } of foreign) {
    const served = chosen.some(({ candidate: { keys } }) => key.columns.every((column, place) => keys[place]?.text === column));
    // Without deletions of what it references, nobody looks for references.
    if (served || key.parentDeleted === 0 || key.parentDeleted * 10 < writes) continue;
    advice.push({
      table: nameOf(table),
      create: statementOf(candidate, taken),
      why: [
        `the foreign key ${quoted(key.name)} to ${key.references} has no index: each of ${key.parentDeleted} rows deleted there read this whole table`,
      ],
      measured: false,
      helps: [],
      saved_ms: 0,
      write_ms: 0,
      writes_per_second: rate,
    });
  }
  return { advice, refused: refused.map(({ candidate, reason }) => ({ index: candidateBody(candidate), reason })) };
}

/** Rows a statement from which on it counts as a bulk load, which drops its indexes or waits for them anyway. */
const bulkRows = 100;

/**
 * Rows that would each have been entered into one more index. Those that are there had to be loaded once, which is no habit; what single
 * statements wrote row by row is.
 */
export function writesTo(table: Table, statements: readonly Statement[]): number {
  const { inserted, updated, hotUpdated } = table.writes;
  const beyondLoad = Math.max(0, inserted - table.live) + updated - hotUpdated;
  const single = statements.filter(
    ({ tree, calls, rows }) => tree.kind !== 'SelectStmt' && rows / calls < bulkRows && isTarget(tree.message.relation, table),
  );
  return Math.max(
    beyondLoad,
    single.filter(({ tree }) => tree.kind !== 'DeleteStmt').reduce((sum, { rows }) => sum + rows, 0),
  );
}

function isTarget(relation: unknown, { schema, name }: Table): boolean {
  const { schemaname, relname } = (relation ?? {}) as { schemaname?: string; relname?: string };
  return relname === name && (schemaname ?? schema) === schema;
}

const statementOf = (candidate: Candidate, taken: ReadonlySet<string>) =>
  `CREATE INDEX CONCURRENTLY ${quoted(candidateName(candidate, taken))} ${candidateBody(candidate)}`;

function toAdvice(
  { candidate, helps, savedMs, writeMs, bytes, measured }: ChosenIndex,
  taken: ReadonlySet<string>,
  rate: number,
  samples: Samples,
): IndexAdvice {
  return {
    table: nameOf(candidate.table),
    create: statementOf(candidate, taken),
    why: reasons(
      candidate,
      helps.map(({ piece }) => piece),
      samples,
    ),
    measured,
    helps: helps.map(({ piece: { statement }, costBefore, costAfter }) => ({
      id: statement.id,
      text: shownText(statement.tree),
      calls: statement.calls,
      mean_ms: statement.meanMs,
      cost_before: costBefore,
      cost_after: costAfter,
    })),
    saved_ms: savedMs,
    write_ms: writeMs,
    writes_per_second: rate,
    ...(bytes !== undefined && { bytes }),
  };
}

function reasons(candidate: Candidate, pieces: readonly Workpiece[], samples: Samples): string[] {
  const uses = pieces.flatMap((piece) => piece.uses.filter(({ table }) => table === candidate.table));
  const first = candidate.keys[0];
  const why: string[] = [];
  if (candidate.method === 'gin')
    why.push(
      first?.options.endsWith('gin_trgm_ops')
        ? 'a pattern within a text: trigrams find it, a B-tree cannot'
        : 'what is in a document, an array or a text: GIN finds it, a B-tree cannot',
    );
  if (candidate.predicate !== undefined) why.push('holds the few rows that are asked for, not the many others');
  if (first?.expression) why.push('the statement compares the result of a function, which no index of the column serves');
  if (candidate.include.length > 0)
    why.push('carries the columns that are read, so that the table need not be visited (while it is vacuumed)');
  if (uses.some(({ tenantColumns }) => first !== undefined && tenantColumns.includes(first.text)))
    why.push('row-level security adds its first column to every statement of a reader');
  if (
    uses.some(({ order, limited }) => limited && order.some(({ column }) => candidate.keys.some(({ text }) => text === column)))
  )
    why.push('gives the rows in the order that is asked for: LIMIT stops early');
  if (uses.some(({ conditions }) => conditions.some(({ joins, column }) => joins && column === first?.text)))
    why.push('serves a join');
  for (const { text } of candidate.keys) {
    const share = samples.get(sampleKey(candidate.table, text))?.common[0]?.share ?? 0;
    if (
      share >= 0.3 &&
      uses.some(
        ({ conditions, tenantColumns }) =>
          tenantColumns.includes(text) || conditions.some(({ kind, column }) => kind === 'equal' && column === text),
      )
    )
      why.push(`one value of ${quoted(text)} has ${Math.round(100 * share)} % of the rows: measured for it, too`);
  }
  if (why.length === 0) why.push('finds the rows that are asked for without reading the others');
  return why;
}
