import { reject } from './rejection.ts';
import type { Cte, CteScope, Place, Resolution } from './resolution.ts';
import { as, isMessage, locationOf, type Message, messagesOf, namesOf } from './tree.ts';

/**
 * Opens a WITH clause. Plain WITH: each CTE sees those before it. WITH RECURSIVE: each sees all of them, so one that is
 * named before its turn is read on demand.
 */
export function openWith(clause: Message, outside: Place, resolution: Resolution): CteScope {
  const scope: CteScope = { ctes: new Map(), outer: outside.ctes };
  const place: Place = { level: outside.level, ctes: scope };
  const ctes = messagesOf('CommonTableExpr', clause.ctes).map(
    (message): Cte => ({ message, place, columns: undefined, begun: false }),
  );
  if (clause.recursive === true) for (const cte of ctes) scope.ctes.set(String(cte.message.ctename), cte);
  for (const cte of ctes) {
    readCte(cte, resolution);
    scope.ctes.set(String(cte.message.ctename), cte);
  }
  return scope;
}

export function findCte(name: string, scope: CteScope | undefined): Cte | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    const cte = at.ctes.get(name);
    if (cte !== undefined) return cte;
  }
  return undefined;
}

/** Names of a CTE's columns where it is referred to. */
export function cteColumns(cte: Cte, resolution: Resolution, location: number | undefined): readonly string[] {
  readCte(cte, resolution);
  if (cte.columns !== undefined) return cte.columns;
  const name = String(cte.message.ctename);
  reject(
    `CTE "${name}" refers to itself too early`,
    'Start with a SELECT without it, then UNION ALL the SELECT that refers to it.',
    location,
  );
}

function readCte(cte: Cte, resolution: Resolution): void {
  if (cte.begun) return;
  cte.begun = true;
  const { message } = cte;
  const query = as('SelectStmt', message.ctequery);
  if (query === undefined) reject('A CTE must be a SELECT', undefined, locationOf(message));
  const added = addedColumns(message);
  const columns = resolution.select(query, cte.place, (firstArm) => {
    cte.columns = renamed(message, firstArm);
    // The query itself has these, too, but no star in it does: it does without
    resolution.hiddenColumns ||= added.length > 0;
  });
  cte.columns = [...renamed(message, columns), ...added];
}

function renamed(message: Message, columns: readonly string[]): string[] {
  const aliases = namesOf(message.aliascolnames);
  return columns.map((name, index) => aliases[index] ?? name);
}

/** By SEARCH and CYCLE, in this order. */
function addedColumns({ search_clause: search, cycle_clause: cycle }: Message): string[] {
  const names = isMessage(search) ? [search.search_seq_column] : [];
  if (isMessage(cycle)) names.push(cycle.cycle_mark_column, cycle.cycle_path_column);
  return names.map(String);
}
