import type { OwnerSession } from '../postgres/database.ts';
import { type Case, casesOf } from './assume.ts';
import { isSmall } from './candidates.ts';
import type { Catalogue } from './catalogue.ts';
import { isExplainable } from './explainable.ts';
import type { Planner } from './planner.ts';
import { readSamples, type SampleRequest, type Samples } from './read-samples.ts';
import type { Statement, Workload } from './read-workload.ts';
import { readShape, type TableUse } from './statement-shape.ts';

/** A statement of the workload with all that advice needs to know of it. */
export interface Workpiece {
  readonly statement: Statement;
  readonly uses: readonly TableUse[];
  readonly cases: readonly Case[];
  /** By the planner as things are. */
  readonly cost: number;
}

export interface PrepareOptions {
  readonly session: OwnerSession;
  readonly workload: Workload;
  readonly catalogue: Catalogue;
  readonly planner: Planner;
  readonly schemas: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface Prepared {
  readonly pieces: readonly Workpiece[];
  readonly samples: Samples;
  /** Statements that are not explained, or that PostgreSQL would not plan for this login. */
  readonly refused: number;
}

/** Statements that read a table of some size and that PostgreSQL can plan for this login. */
export async function prepareWorkpieces(options: PrepareOptions): Promise<Prepared> {
  const { session, workload, catalogue, planner, schemas } = options;
  const shaped = workload.statements.map((statement) => ({
    statement,
    uses: readShape(statement.tree, catalogue, statement, schemas),
  }));
  const large = shaped.filter(({ uses }) => uses.some(({ table }) => !isSmall(table)));
  const worth = large.filter(({ statement }) => isExplainable(statement.tree, catalogue));
  const samples = await readSamples(
    session,
    worth.flatMap(({ uses }) => uses.flatMap(requests)),
  );
  const pieces: Workpiece[] = [];
  for (const { statement, uses } of worth) {
    options.signal?.throwIfAborted();
    const cases = casesOf(statement, uses, samples);
    const cost = await costOf({ statement, cases }, planner);
    if (cost !== undefined) pieces.push({ statement, uses, cases, cost });
  }
  return { pieces, samples, refused: large.length - pieces.length };
}

/** Over the ways in which it is asked, by their shares. */
export async function costOf(
  { cases, statement }: Pick<Workpiece, 'cases' | 'statement'>,
  planner: Planner,
): Promise<number | undefined> {
  let cost = 0;
  for (const { sql, weight } of cases) {
    const plan = await planner.plan(sql, statement.login);
    if (plan === undefined) return undefined;
    cost += weight * plan['Total Cost'];
  }
  return cost;
}

function requests({ table, conditions, tenantColumns }: TableUse): SampleRequest[] {
  if (isSmall(table)) return [];
  const ordered = new Set(conditions.filter(({ kind }) => kind === 'range').map(({ column }) => column));
  const columns = new Set([...tenantColumns, ...conditions.filter(({ kind }) => kind !== 'pattern').map(({ column }) => column)]);
  return [...columns].map((column) => ({ table, column, ordered: ordered.has(column) }));
}
